/**
 * Who may see a page: the API server is asked who bears the token (TokenReview) and whether that one may
 * GET the path (SubjectAccessReview), as with MetalLB. Answers hold for a while.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '../../ports/clock.ts'
import type { Cluster } from '../../ports/cluster.ts'
import { SUBJECT_ACCESS_REVIEWS, TOKEN_REVIEWS } from '../../ports/resources.ts'
import { textPage } from '../pages.ts'
import type { Page, PageRequest } from '../pages.ts'

/** A right that was taken away ends after this at the latest. */
const ALLOWED_MS = 60_000
/** One that was given begins after this at the latest. */
const REFUSED_MS = 10_000
const REMEMBERED = 1000

type Verdict = { readonly status: 200 | 401 | 403; readonly line: string }

interface TokenReviewStatus {
  readonly authenticated?: boolean
  readonly user?: {
    readonly username?: string
    readonly uid?: string
    readonly groups?: readonly string[]
    readonly extra?: Readonly<Record<string, readonly string[]>>
  }
}

export class AccessGuard {
  readonly #cluster: Pick<Cluster, 'create'>
  readonly #clock: Clock
  /** By a hash: tokens are not kept. */
  readonly #known = new Map<string, { readonly verdict: Verdict; readonly until: number }>()

  constructor(cluster: Pick<Cluster, 'create'>, clock: Clock) {
    this.#cluster = cluster
    this.#clock = clock
  }

  /** What to answer instead of the page, or undefined where it may be seen. Rejects with ApiError. */
  async check({ path, authorization = '' }: PageRequest): Promise<Page | undefined> {
    const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
    if (token === undefined) return textPage(401, 'expected a bearer token of the cluster')
    const key = createHash('sha256').update(`${path}\0${token}`).digest('base64')
    const now = this.#clock.now()
    const known = this.#known.get(key)
    if (known && now < known.until) return answer(known.verdict)
    const verdict = await this.#review(token, path)
    this.#known.delete(key)
    const until = now + (verdict.status === 200 ? ALLOWED_MS : REFUSED_MS)
    this.#known.set(key, { verdict, until })
    const [oldest] = this.#known.keys()
    if (this.#known.size > REMEMBERED && oldest !== undefined) this.#known.delete(oldest)
    return answer(verdict)
  }

  async #review(token: string, path: string): Promise<Verdict> {
    const review = await this.#create(TOKEN_REVIEWS, { token })
    const { authenticated = false, user = {} } = review as TokenReviewStatus
    if (!authenticated) return { status: 401, line: 'the token is not one of this cluster' }
    const { username = '', uid, groups, extra } = user
    const nonResourceAttributes = { path, verb: 'get' }
    const spec = { user: username, uid, groups, extra, nonResourceAttributes }
    const { allowed } = (await this.#create(SUBJECT_ACCESS_REVIEWS, spec)) as { allowed?: boolean }
    if (allowed === true) return { status: 200, line: '' }
    const remedy = 'bind the ClusterRole metallb-system:metrics-reader to it'
    return { status: 403, line: `${username} has no right to get ${path}: ${remedy}` }
  }

  async #create(resource: typeof TOKEN_REVIEWS, spec: object): Promise<unknown> {
    const { group, version, kind } = resource
    const object = { apiVersion: `${group}/${version}`, kind, metadata: {}, spec }
    return (await this.#cluster.create(resource, object))['status'] ?? {}
  }
}

const answer = ({ status, line }: Verdict): Page | undefined =>
  status === 200 ? undefined : textPage(status, line)
