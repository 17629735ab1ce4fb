/** Ethernet addresses: six bytes, printed as `02:00:5e:10:00:01`. */
export type Mac = Uint8Array

export const BROADCAST_MAC: Mac = new Uint8Array(6).fill(0xff)

export const formatMac = (mac: Mac): string =>
  Array.from(mac, (byte) => byte.toString(16).padStart(2, '0')).join(':')

export function parseMac(text: string): Mac | undefined {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) return undefined
  return Uint8Array.from(text.split(':'), (byte) => Number.parseInt(byte, 16))
}
