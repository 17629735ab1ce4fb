/** What can go wrong with a cable: cut it, or lose some of what passes. */
import { inHost, namespace } from './topology.ts'
import { must } from './processes.ts'

/** Takes the host's cable to the first segment out of the switch; its own eth0 loses carrier. */
export async function cutCable(prefix: string, host: string): Promise<void> {
  await must(['ip', '-n', namespace(prefix, 'fabric'), 'link', 'set', `v-${host}`, 'down'])
}

export async function healCable(prefix: string, host: string): Promise<void> {
  await must(['ip', '-n', namespace(prefix, 'fabric'), 'link', 'set', `v-${host}`, 'up'])
}

/** Loses this share of all frames between hosts on the first segment, at random; 0 loses none. */
export async function setLoss(prefix: string, percent: number): Promise<void> {
  const perMille = Math.round(percent * 10)
  // Made first so that it can be deleted whether it was there or not.
  const input = ['table bridge loss', 'delete table bridge loss']
  if (perMille > 0) {
    input.push(`table bridge loss {
      chain pass {
        type filter hook forward priority 0
        iifname "v-*" numgen random mod 1000 < ${perMille} drop
      }
    }`)
  }
  await must(inHost(prefix, 'fabric', ['nft', '-f', '-']), { input: input.join('\n') })
}

/** MAC address of a host's interface, as `aa:bb:cc:dd:ee:ff`. */
export async function macOf(prefix: string, host: string, link: string): Promise<string> {
  const show = ['ip', '-n', namespace(prefix, host), '-json', 'link', 'show', link]
  const [found] = JSON.parse(await must(show)) as { address: string }[]
  return found?.address ?? ''
}
