import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import * as buf from '../../src/abi/dma-buf.ts'
import * as heap from '../../src/abi/dma-heap.ts'
import * as drm from '../../src/abi/drm.ts'
import * as dumb from '../../src/abi/drm-dumb.ts'
import * as event from '../../src/abi/drm-event.ts'
import * as framebuffer from '../../src/abi/drm-framebuffer.ts'
import * as mode from '../../src/abi/drm-mode.ts'
import { errno } from '../../src/abi/errno.ts'
import * as fcntl from '../../src/abi/fcntl.ts'
import * as memfd from '../../src/abi/memfd.ts'
import type { Struct } from '../../src/abi/struct.ts'
import * as sync from '../../src/abi/sync-file.ts'
import * as udmabuf from '../../src/abi/udmabuf.ts'
import * as v4l2 from '../../src/abi/v4l2.ts'
import * as video from '../../src/abi/v4l2-struct.ts'
import * as vgem from '../../src/abi/vgem.ts'
import { requests } from '../../src/syscalls/requests/index.ts'

// Every number and layout is the C compiler's: one program prints those of the headers.
const modules = { ...buf, ...heap, ...drm, ...dumb, ...event, ...framebuffer, ...mode }
/** Not every distribution's headers have it: the numbers are also in numbers.test.ts. */
const hasVgem = existsSync('/usr/include/drm/vgem_drm.h')
const files = { ...fcntl, ...memfd, ...udmabuf, ...sync, ...(hasVgem ? vgem : {}) }
const everything: Record<string, unknown> = { ...modules, ...files, ...v4l2, ...video }
/** Ours, and not in a header that user space has; the C library hides O_LARGEFILE where it is always set. */
const ours = new Set(['PAGE_SIZE', 'DRM_EVENT_HEADER_SIZE', 'O_LARGEFILE'])
/** Linux 6.3 and later: headers that are older lack them. */
const recent = new Set(['MFD_NOEXEC_SEAL', 'MFD_EXEC', 'F_SEAL_EXEC'])
/** Members that have another path in C. */
const memberPaths: Record<string, string> = {
  'v4l2_format.pix': 'fmt.pix',
  'v4l2_format.raw_data': 'fmt.raw_data',
  'v4l2_buffer.timestamp_sec': 'timestamp.tv_sec',
  'v4l2_buffer.timestamp_usec': 'timestamp.tv_usec',
  'v4l2_buffer.m_offset': 'm.offset',
  'v4l2_buffer.m_userptr': 'm.userptr',
  'v4l2_buffer.m_fd': 'm.fd',
  'drm_event_vblank.type': 'base.type',
  'drm_event_vblank.length': 'base.length',
}

const structs = Object.values(everything).filter(
  (value): value is Struct<object> =>
    typeof value === 'object' && value !== null && 'offsets' in value && 'decode' in value,
)
const constants: [string, number][] = [
  ...Object.entries(everything).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number' && !ours.has(entry[0]),
  ),
  ...Object.entries(errno),
]

function layouts(): [key: string, expression: string, value: number][] {
  return structs
    .filter((layout) => layout.name.includes('_'))
    .flatMap((layout): [string, string, number][] => [
      [`sizeof ${layout.name}`, `sizeof(struct ${layout.name})`, layout.size],
      ...Object.entries(layout.offsets as Record<string, number>).map(
        ([member, offset]): [string, string, number] => {
          const path = memberPaths[`${layout.name}.${member}`] ?? member
          return [`${layout.name}.${member}`, `offsetof(struct ${layout.name}, ${path})`, offset]
        },
      ),
    ])
}

const expected = new Map<string, number>([
  ...constants,
  ...layouts().map(([key, , value]): [string, number] => [key, value]),
])

const headers = ['fcntl.h', 'errno.h', 'poll.h', 'stddef.h', 'stdio.h', 'sys/mman.h']
const kernelHeaders = [
  ...['linux/dma-buf.h', 'linux/dma-heap.h', 'linux/udmabuf.h', 'linux/memfd.h'],
  ...['linux/sync_file.h', 'linux/videodev2.h', 'xf86drmMode.h'],
  ...(hasVgem ? ['drm/vgem_drm.h'] : []),
]
const drmFolder = ['/usr/include/drm', '/usr/include/libdrm'].find((folder) =>
  existsSync(join(folder, 'drm_mode.h')),
)

function hasCompiler(): boolean {
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function whyNot(): string | undefined {
  if (process.platform !== 'linux') return 'these are not the headers of Linux'
  if (!hasCompiler()) return 'there is no C compiler `cc`'
  const missing = kernelHeaders.find((header) => !existsSync(join('/usr/include', header)))
  if (missing !== undefined) return `there is no ${missing}: install linux-libc-dev and libdrm-dev`
  if (drmFolder === undefined) return 'there is no drm_mode.h: install libdrm-dev'
  return undefined
}

function source(): string {
  const includes = [...headers, ...kernelHeaders, 'drm.h', 'drm_mode.h']
  const lines = [
    ...constants
      .filter(([name]) => !recent.has(name))
      .map(([name]): [string, string] => [name, name]),
    ...layouts().map(([key, expression]): [string, string] => [key, expression]),
  ].map(([key, expression]) => printed(key, expression))
  const later = [...recent].map((name) => `#ifdef ${name}\n${printed(name, name)}\n#endif`)
  return [
    '#define _GNU_SOURCE',
    ...includes.map((header) => `#include <${header}>`),
    'int main(void) {',
    ...lines,
    ...later,
    '  return 0;',
    '}',
  ].join('\n')
}

function printed(key: string, expression: string): string {
  return `  printf("%s\\t%lld\\n", "${key}", (long long)(${expression}));`
}

function compileAndRun(): Map<string, number> {
  const folder = mkdtempSync(join(tmpdir(), 'dmabuf-layout-'))
  try {
    writeFileSync(join(folder, 'layout.c'), source())
    const output = join(folder, 'layout')
    execFileSync('cc', ['-I', drmFolder ?? '', '-o', output, join(folder, 'layout.c')])
    const rows = execFileSync(output, { encoding: 'utf8' }).trim().split('\n')
    return new Map(rows.map((row): [string, number] => row.split('\t') as never))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const reason = whyNot()
describe(`the C compiler agrees${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  let actual = new Map<string, number>()
  beforeAll(() => {
    if (reason === undefined) actual = compileAndRun()
  })
  test.skipIf(reason !== undefined)('on every constant, request, size and offset', () => {
    const ofC = Object.fromEntries([...actual].map(([key, value]) => [key, Number(value)]))
    const known = [...expected].filter(([key]) => !recent.has(key) || actual.has(key))
    expect(ofC).toEqual(Object.fromEntries(known))
    expect(expected.size).toBeGreaterThan(300)
  })
})

describe('the table of requests', () => {
  test('every entry has the size of its struct', () => {
    for (const info of requests.values()) {
      if (info.struct) expect(info.struct.size, info.name).toBe(info.size)
    }
  })

  test.each([
    ['DMA_HEAP_IOCTL_ALLOC', 0xc0184800],
    ['DMA_BUF_IOCTL_SYNC', 0x40086200],
    ['UDMABUF_CREATE', 0x40187542],
    ['UDMABUF_CREATE_LIST', 0x40087543],
    ['DRM_IOCTL_PRIME_FD_TO_HANDLE', 0xc00c642e],
    ['VIDIOC_QBUF', 0xc058560f],
    ['VIDIOC_STREAMON', 0x40045612],
  ])('%s is known by its number, headers or not', (name, request) => {
    expect(requests.get(request)?.name).toBe(name)
  })
})
