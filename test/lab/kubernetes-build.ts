/**
 * Kubernetes and etcd from source through the Go module proxy, as one binary with many names: linked
 * once instead of six times, that takes minutes where six binaries take half an hour.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { goToolchain } from './go-toolchain.ts'
import { must } from './processes.ts'
import { step } from './progress.ts'
import { ETCD_VERSION, KUBERNETES_VERSION } from './versions.ts'

const HYPERKUBE = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kube-proxy',
  'kubelet',
  'etcd',
]

const MAIN = `package main

import (
	"context"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

func main() {
	switch filepath.Base(os.Args[0]) {
	case "kube-apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "kube-controller-manager":
		os.Exit(cli.Run(kcm.NewControllerManagerCommand()))
	case "kube-scheduler":
		os.Exit(cli.Run(scheduler.NewSchedulerCommand()))
	case "kube-proxy":
		os.Exit(cli.Run(proxy.NewProxyCommand()))
	case "kubelet":
		os.Exit(cli.Run(kubelet.NewKubeletCommand(context.Background())))
	case "etcd":
		etcdmain.Main(os.Args)
	}
}
`

/** What is built beside it: packages of the same module with a main of their own. */
const PACKAGES = ['k8s.io/kubernetes/cmd/kubectl', 'k8s.io/kubernetes/test/images/agnhost']

/** Builds all binaries into `folder`, which appears only when it is complete. */
export async function buildKubernetes(folder: string): Promise<void> {
  const work = `${folder}.building`
  rmSync(work, { recursive: true, force: true })
  mkdirSync(join(work, 'src'), { recursive: true })
  const { go, env } = await goToolchain()
  const options = { cwd: join(work, 'src'), env: { ...env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod' } }
  const build = async () => {
    writeFileSync(join(work, 'src/main.go'), MAIN)
    writeFileSync(join(work, 'src/go.mod'), await goMod(go, options))
    const ldflags = ['-s', '-w', ...versionFlags()].join(' ')
    const flags = ['-trimpath', '-buildvcs=false', '-ldflags', ldflags]
    await must([go, 'build', ...flags, '-o', `${work}/`, '.', ...PACKAGES], options)
  }
  await step(
    `building Kubernetes ${KUBERNETES_VERSION} from source`,
    build,
    'about 7 min the first time',
  )
  for (const name of HYPERKUBE) symlinkSync('hyperkube', join(work, name))
  rmSync(join(work, 'src'), { recursive: true })
  renameSync(work, folder)
}

const stagingVersion = KUBERNETES_VERSION.replace('v1.', 'v0.')

/** Kubernetes' own modules lie in its tree ("staging"): outside of it, each is to be named. */
async function goMod(go: string, options: { cwd: string; env: object }): Promise<string> {
  const download = [go, 'mod', 'download', '-json', `k8s.io/kubernetes@${KUBERNETES_VERSION}`]
  const { GoMod } = JSON.parse(await must(download, { env: { ...options.env } })) as {
    GoMod: string
  }
  const theirs = readFileSync(GoMod, 'utf8')
  const staging = [...theirs.matchAll(/(k8s\.io\/[\w-]+) => \.\/staging\//g)].map((m) => m[1] ?? '')
  return [
    'module hyperkube',
    /^go .*$/m.exec(theirs)?.[0] ?? '',
    `require k8s.io/kubernetes ${KUBERNETES_VERSION}`,
    `require go.etcd.io/etcd/server/v3 ${ETCD_VERSION}`,
    ...staging.map((name) => `replace ${name} => ${name} ${stagingVersion}`),
    '',
  ].join('\n')
}

function versionFlags(): string[] {
  const [major, minor] = KUBERNETES_VERSION.slice(1).split('.')
  const values = { gitVersion: KUBERNETES_VERSION, gitMajor: major, gitMinor: minor }
  return Object.entries(values).map(([k, v]) => `-X k8s.io/component-base/version.${k}=${v}`)
}
