/** Where a worker thread's entry point is: beside this file, as source or as bundled for the image. */
export const threadUrl = (name: 'gossip-thread' | 'packet-thread'): URL =>
  new URL(`./${name}.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)
