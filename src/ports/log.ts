/**
 * A log line is one constant event name plus fixed keys; units are the key's suffix (`durationMs`).
 * Example: `log.info('address-assigned', { service: 'default/nginx', ip: '172.18.0.10' })`.
 */
export interface Log {
  debug(event: string, fields?: object): void
  info(event: string, fields?: object): void
  warn(event: string, fields?: object): void
  error(event: string, fields?: object): void
  /** A log whose every line carries `fields`. */
  child(fields: object): Log
}
