/**
 * Pages that a pod serves on its own loopback, such as a speaker's /debug/view: read through
 * pods/portforward, as `kubectl port-forward` does.
 */
import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { Duplex, PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { PortForward } from '@kubernetes/client-node'
import type { KubeConfig } from '@kubernetes/client-node'
import { ApiError } from '../../ports/cluster.ts'
import type { Ref } from '../../ports/cluster.ts'

/** Of what client-node says is a WebSocket, without the types of it. */
interface Socket {
  onclose: () => void
  close(): void
}

export class PodPages {
  readonly #forward: PortForward

  constructor(config: KubeConfig) {
    this.#forward = new PortForward(config)
  }

  /**
   * What `GET http://127.0.0.1:port/path` answers in the pod. Rejects with ApiError: the status is the
   * API server's where it refuses to forward, that of the pod where it answers other than 200, 0 where
   * nothing came until `signal` aborted.
   */
  async get(pod: Required<Ref>, port: number, path: string, signal: AbortSignal): Promise<string> {
    const what = `port ${port} of pod ${pod.namespace}/${pod.name}`
    const [toPod, fromPod, refusals] = [new PassThrough(), new PassThrough(), new PassThrough()]
    const refused = once(refusals, 'data').then(([line]) => {
      throw new ApiError(0, '', `${what}: ${String(line).trim()}`)
    })
    const late = aborted(signal).then(() => {
      throw new ApiError(0, '', `${what}: no answer in time`)
    })
    const { namespace, name } = pod
    const forwarding = this.#forward.portForward(namespace, name, [port], fromPod, refusals, toPod)
    const opening = forwarding as Promise<object> as Promise<Socket>
    try {
      const socket = await Promise.race([
        opening.catch((error: unknown) => fail(what, error)),
        late,
      ])
      socket.onclose = () => fromPod.end()
      const answer = getOver(Duplex.from({ readable: fromPod, writable: toPod }), path, what)
      return await Promise.race([answer, refused, late])
    } finally {
      // Who comes too late is not waited for, and does not keep the process.
      opening.then(
        (socket) => socket.close(),
        () => {},
      )
      for (const promise of [refused, late]) promise.catch(() => {})
    }
  }
}

async function getOver(stream: Duplex, path: string, what: string): Promise<string> {
  const get = request({ createConnection: () => stream, path, headers: { connection: 'close' } })
  get.end()
  try {
    const [response] = (await once(get, 'response')) as [IncomingMessage]
    const body = await text(response)
    if (response.statusCode === 200) return body
    throw new ApiError(response.statusCode ?? 0, '', `${what}: ${body.slice(0, 200).trim()}`)
  } catch (error) {
    return fail(what, error)
  }
}

/** The handshake's answer is known by its words only. */
function fail(what: string, error: unknown): never {
  if (error instanceof ApiError) throw error
  const message = (error as { message?: string }).message ?? String(error)
  const status = Number(/server response: (\d{3})/.exec(message)?.[1] ?? 0)
  throw new ApiError(status, '', `${what}: ${message}`, { cause: error })
}

const aborted = (signal: AbortSignal): Promise<unknown> =>
  signal.aborted ? Promise.resolve() : once(signal, 'abort')
