/** Lines of at most `width` characters, broken at spaces: one space goes at each break. Longer words stay whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let rest = text
  while (rest.length > width) {
    const before = rest.lastIndexOf(' ', width)
    const at = before > 0 ? before : rest.indexOf(' ', Math.max(width, 1))
    if (at < 0) break
    lines.push(rest.slice(0, at))
    rest = rest.slice(at + 1)
  }
  return [...lines, rest]
}
