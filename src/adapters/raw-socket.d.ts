/** What is used of raw-socket, which brings no types. */
declare module 'raw-socket' {
  interface Socket {
    on(event: 'error', listener: (error: Error) => void): this
    /** Throws with the system's words, without a code. */
    setOption(level: number, option: number, value: Buffer, length: number): void
    close(): this
  }
  const raw: {
    createSocket(options: { protocol: number; addressFamily: number }): Socket
    AddressFamily: { IPv6: number }
    Protocol: { ICMPv6: number }
  }
  export type { Socket }
  export default raw
}
