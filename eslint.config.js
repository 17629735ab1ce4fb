import tseslint from 'typescript-eslint'

/** Ambient things the core must be handed instead of reaching for. */
const ambient = [
  { name: 'Date', message: 'core is pure: take the time as an argument (ports/clock.ts)' },
  { name: 'setTimeout', message: 'core is pure: return a deadline, the shell sets the timer' },
  { name: 'setInterval', message: 'core is pure: return a deadline, the shell sets the timer' },
  { name: 'queueMicrotask', message: 'core is synchronous' },
  { name: 'Promise', message: 'core is synchronous: return the effect as a value' },
  { name: 'process', message: 'core is pure: take the value as an argument' },
  { name: 'Buffer', message: 'core uses Uint8Array' },
  { name: 'console', message: 'core returns effects, the shell logs them' },
]

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      // node:test's `test()` and `describe()` return promises nobody has to await.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['test', 'describe', 'it', 'suite'] },
          ],
        },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      eqeqeq: 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['src/core/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-globals': ['error', ...ambient],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'core is pure: chance is an argument' },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'AwaitExpression', message: 'core is synchronous' },
        { selector: 'FunctionDeclaration[async=true]', message: 'core is synchronous' },
      ],
    },
  },
  { files: ['eslint.config.js'], ...tseslint.configs.disableTypeChecked },
)
