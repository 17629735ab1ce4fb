/** Entry point of the process that signing.ts starts: an order on standard input, a certificate on output. */
import { text } from 'node:stream/consumers'
import type { Order } from './signing.ts'
import { issueServer, newAuthority, selfSigned } from './x509.ts'
import type { Pair } from './x509.ts'

function make(order: Order): Promise<Pair> {
  const { days } = order
  const now = new Date(order.now)
  switch (order.make) {
    case 'authority':
      return newAuthority(order.name, now, days)
    case 'server':
      return issueServer(order.authority, order.names, now, days)
    case 'self-signed':
      return selfSigned(order.name, now, days)
  }
}

const order = JSON.parse(await text(process.stdin)) as Order
process.stdout.write(JSON.stringify(await make(order)))
