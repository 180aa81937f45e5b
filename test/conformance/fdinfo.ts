import type { Side } from './side.ts'

/** Differ from boot to boot, and mean nothing to a program. */
const numbers = new Set(['mnt_id', 'ino'])

/** /proc/self/fdinfo of a slot without its mount and inode number, or the error. */
export function fdinfo(side: Side, slot: number): string | number {
  const info = side.sys.open(`/proc/self/fdinfo/${side.fd(slot)}`, 0)
  if (info < 0) return info
  const text = readText(side, info)
  side.sys.close(info)
  const lines = text.split('\n').filter((line) => !numbers.has(line.split(':')[0] ?? ''))
  return lines.join('|').replaceAll('\t', ' ')
}

function readText(side: Side, fd: number): string {
  const bytes = new Uint8Array(512)
  let length = 0
  for (;;) {
    const count = side.sys.read(fd, bytes.subarray(length))
    if (count <= 0) return new TextDecoder().decode(bytes.subarray(0, length))
    length += count
  }
}
