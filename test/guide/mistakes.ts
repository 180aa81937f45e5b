/** The mistakes of the guide's table: an edit of the guide's driver, and its finding. */
import type { ErrnoCode } from 'dmabuf'
import type { RuleId } from 'dmabuf/check'

/** `from`, which the file holds once, becomes `to`. */
export interface Edit {
  readonly from: string
  readonly to: string
}

export interface Named {
  readonly rule: RuleId
  /** The boards on which it is named; every board when left out. */
  readonly on?: readonly string[]
  /** The lines that findings point to: a file of the edited driver, and the line's text. */
  readonly at: readonly (readonly [file: string, line: string])[]
}

export interface Mistake {
  /** As the guide's table says it; code in backquotes. */
  readonly what: string
  readonly file: string
  readonly edits: readonly Edit[]
  /** The failure that makes it show: the place, its passage, the error. */
  readonly fails?: readonly [place: string, nth: number, code: ErrnoCode]
  readonly named: readonly Named[]
}

const PAGES = 'page-buffer.ts'
const TABLE = 'blitter-table.ts'
const IMPORT = 'imported.ts'
const BLITTER = 'blitter.ts'

const SYNC_CPU = 'dma.syncSgtableForCpu(mapping, mapping.direction)'
const SYNC_DEVICE = 'dma.syncSgtableForDevice(mapping, mapping.direction)'
const IMPORTER_MAP =
  'const mapping = await context.dmaBufMapAttachmentUnlocked(attachment, direction)'
const MAP = 'const mapping = dma.mapSgtable(device, table, kept(direction))'
const UNMAP = 'dma.unmapSgtable(mapping, mapping.direction)'
const EXPORT =
  'return context.dmaBufExport({ size: pages.size, flags, priv, ops: pageOps(context) })'
const MAP_SINGLE = "const mapping = dma.mapSingle(DEVICE, memory, 0, TABLE_SIZE, 'to-device')"
const UNMAP_SINGLE = "context.dma.unmapSingle(mapping, TABLE_SIZE, 'to-device')"
const SYNC_SINGLE = "dma.syncSingleRangeForDevice(mapping, 0, TABLE_SIZE, 'to-device')"
const SIZE_TO_USER =
  'context.copyToUser(call.argument, new Uint8Array(Int32Array.of(buffer.size).buffer))'

/** Only here does mapping from-device drop lines. */
const INVALIDATES = ['gateway'] as const
/** Here the blitter has a bounce copy of its mapping. */
const BOUNCES = ['pc-bounce', 'rpi4'] as const
const DIRECT = ['pc', 'arm-soc', 'arm-soc-iommu', 'arm-soc-cma', 'gateway'] as const
/** Here a CPU cache is in between, or may be on the board that is judged. */
const CACHED = ['pc', 'arm-soc', 'arm-soc-iommu', 'arm-soc-cma', 'rpi4', 'gateway'] as const

export const exporterMistakes: readonly Mistake[] = [
  {
    what: 'begin and end are swapped',
    file: PAGES,
    edits: [
      { from: SYNC_CPU, to: 'dma.forCpu' },
      { from: SYNC_DEVICE, to: SYNC_CPU },
      { from: 'dma.forCpu', to: SYNC_DEVICE },
    ],
    named: [
      {
        rule: 'sync-is-noop',
        at: [
          [PAGES, SYNC_DEVICE],
          [PAGES, SYNC_CPU],
        ],
      },
    ],
  },
  {
    what: 'end syncs for the CPU, like begin',
    file: PAGES,
    edits: [{ from: SYNC_DEVICE, to: SYNC_CPU }],
    named: [{ rule: 'sync-is-noop', at: [[PAGES, SYNC_CPU]] }],
  },
  {
    what: 'the begin hook is missing: its name is misspelt',
    file: PAGES,
    edits: [{ from: 'beginCpuAccess(buffer) {', to: 'beginCPUAccess(buffer) {' }],
    named: [{ rule: 'sync-is-noop', at: [[PAGES, EXPORT]] }],
  },
  {
    what: 'begin always syncs `to-device`',
    file: PAGES,
    edits: [{ from: SYNC_CPU, to: "dma.syncSgtableForCpu(mapping, 'to-device')" }],
    named: [
      { rule: 'mapping-direction', at: [[PAGES, "dma.syncSgtableForCpu(mapping, 'to-device')"]] },
    ],
  },
  {
    what: 'an unmapped mapping stays in the set',
    file: PAGES,
    edits: [{ from: 'pageBufferOf(buffer).mappings.delete(mapping)\n', to: '\n' }],
    named: [
      {
        rule: 'sync-is-noop',
        at: [
          [PAGES, SYNC_CPU],
          [PAGES, SYNC_DEVICE],
        ],
      },
    ],
  },
  {
    what: 'the map skips the CPU sync (`skipCpuSync`) after CPU stores',
    file: PAGES,
    edits: [{ from: 'kept(direction))', to: 'kept(direction), { skipCpuSync: true })' }],
    named: [
      {
        rule: 'unsafe-skip-hint',
        on: CACHED,
        at: [
          [
            PAGES,
            'const mapping = dma.mapSgtable(device, table, kept(direction), { skipCpuSync: true })',
          ],
        ],
      },
    ],
  },
  {
    what: 'the map is from-device, and the device writes only a part',
    file: PAGES,
    edits: [{ from: 'kept(direction))', to: 'direction)' }],
    named: [
      {
        rule: 'mapping-direction',
        on: INVALIDATES,
        at: [
          [PAGES, 'const mapping = dma.mapSgtable(device, table, direction)'],
          [PAGES, SYNC_DEVICE],
        ],
      },
    ],
  },
  {
    what: "the unmap's direction differs from the map's",
    file: PAGES,
    edits: [{ from: UNMAP, to: "dma.unmapSgtable(mapping, 'to-device')" }],
    named: [{ rule: 'mapping-direction', at: [[PAGES, "dma.unmapSgtable(mapping, 'to-device')"]] }],
  },
  {
    what: 'unmap_dma_buf does not unmap',
    file: PAGES,
    edits: [{ from: `${UNMAP}\n`, to: '\n' }],
    named: [{ rule: 'mapping-leak', at: [[PAGES, MAP]] }],
  },
  {
    what: 'map_dma_buf returns nothing',
    file: PAGES,
    edits: [{ from: 'return mapping\n', to: 'return\n' }],
    named: [{ rule: 'driver-contract', at: [[PAGES, EXPORT]] }],
  },
  {
    what: "map_dma_buf maps for a device other than the attachment's",
    file: PAGES,
    edits: [{ from: 'dma.mapSgtable(device,', to: "dma.mapSgtable('camera'," }],
    named: [{ rule: 'driver-contract', at: [[PAGES, EXPORT]] }],
  },
  {
    what: 'map_dma_buf throws an exception that is not a `KernelError`',
    file: PAGES,
    edits: [{ from: 'return mapping\n', to: "throw new Error('out of luck')\n" }],
    named: [{ rule: 'driver-contract', at: [[PAGES, "throw new Error('out of luck')"]] }],
  },
  {
    what: 'vmap maps only a part of the buffer',
    file: PAGES,
    edits: [{ from: '.pages, 0, buffer.size)', to: '.pages, 0, 4096)' }],
    named: [{ rule: 'driver-contract', at: [[PAGES, EXPORT]] }],
  },
  {
    what: 'mmap allows the mapping to grow (`expandable`)',
    file: PAGES,
    edits: [
      { from: '.pages, offset, length)', to: '.pages, offset, length, { expandable: true })' },
    ],
    named: [{ rule: 'growable-mapping', at: [[PAGES, EXPORT]] }],
  },
  {
    what: 'unmap frees the pages while they are in use',
    file: PAGES,
    edits: [{ from: UNMAP, to: `${UNMAP}\n      context.freePages(pageBufferOf(buffer).pages)` }],
    named: [
      {
        rule: 'freed-in-use',
        at: [[PAGES, 'context.freePages(pageBufferOf(buffer).pages)']],
      },
    ],
  },
  {
    what: 'a failed export leaks the pages',
    file: PAGES,
    edits: [{ from: 'context.freePages(pages)\n', to: '\n' }],
    fails: ['dma_buf_export', 2, 'ENOMEM'],
    named: [
      {
        rule: 'reference-misuse',
        at: [
          [
            PAGES,
            "const pages = context.allocPages(size, { zero: true, contiguous: true, what: 'page buffer' })",
          ],
        ],
      },
    ],
  },
]

export const importerMistakes: readonly Mistake[] = [
  {
    what: 'the device writes through a to-device mapping',
    file: BLITTER,
    edits: [
      {
        from: "importBuffer(context, target, 'from-device')",
        to: "importBuffer(context, target, 'to-device')",
      },
    ],
    named: [{ rule: 'mapping-direction', at: [[IMPORT, IMPORTER_MAP]] }],
  },
  {
    what: 'the map is called without the required lock',
    file: IMPORT,
    edits: [
      { from: 'dmaBufMapAttachmentUnlocked(attachment', to: 'dmaBufMapAttachment(attachment' },
    ],
    named: [
      {
        rule: 'reservation-lock',
        at: [[IMPORT, 'const mapping = await context.dmaBufMapAttachment(attachment, direction)']],
      },
    ],
  },
  {
    what: 'the first import leaks when the second fails',
    file: BLITTER,
    edits: [{ from: 'await dropImport(context, read)\n    throw error', to: 'throw error' }],
    fails: ['map_dma_buf', 5, 'ENOMEM'],
    named: [
      {
        rule: 'mapping-leak',
        at: [[IMPORT, 'const attachment = await context.dmaBufAttach(buffer, DEVICE)']],
      },
    ],
  },
  {
    what: 'the detach comes without an unmap',
    file: IMPORT,
    edits: [
      {
        from: 'await context.dmaBufUnmapAttachmentUnlocked(attachment, mapping, direction)\n',
        to: '\n',
      },
    ],
    named: [
      {
        rule: 'mapping-leak',
        at: [[IMPORT, 'context.dmaBufDetach(attachment.buffer, attachment)']],
      },
    ],
  },
  {
    what: 'the detach is missing',
    file: IMPORT,
    edits: [{ from: 'context.dmaBufDetach(attachment.buffer, attachment)\n', to: '\n' }],
    named: [
      {
        rule: 'mapping-leak',
        at: [[IMPORT, 'const attachment = await context.dmaBufAttach(buffer, DEVICE)']],
      },
    ],
  },
  {
    what: "the error path also drops its caller's reference",
    file: IMPORT,
    edits: [
      {
        from: 'context.dmaBufDetach(buffer, attachment)\n',
        to: 'context.dmaBufDetach(buffer, attachment)\n    context.dmaBufPut(buffer)\n',
      },
    ],
    fails: ['map_dma_buf', 5, 'ENOMEM'],
    named: [{ rule: 'reference-misuse', at: [[BLITTER, 'context.dmaBufPut(target)']] }],
  },
  {
    what: 'a vmap is undone twice',
    file: BLITTER,
    edits: [
      {
        from: 'await context.dmaBufVunmapUnlocked(buffer, map)\n',
        to: 'await context.dmaBufVunmapUnlocked(buffer, map)\n    void context.dmaBufVunmapUnlocked(buffer, map)\n',
      },
    ],
    named: [
      {
        rule: 'driver-contract',
        at: [[BLITTER, 'void context.dmaBufVunmapUnlocked(buffer, map)']],
      },
    ],
  },
  {
    what: 'the CPU stores through a vmap without a begin',
    file: BLITTER,
    edits: [{ from: "await context.dmaBufBeginCpuAccess(buffer, 'bidirectional')\n", to: '\n' }],
    named: [
      {
        rule: 'unbalanced-bracket',
        at: [[BLITTER, "await context.dmaBufEndCpuAccess(buffer, 'bidirectional')"]],
      },
    ],
  },
  {
    what: 'the descriptor is installed before the call can no longer fail',
    file: BLITTER,
    edits: [
      {
        from: `${SIZE_TO_USER}\n    return context.dmaBufFd(buffer, O_CLOEXEC, call)`,
        to: `const fd = context.dmaBufFd(buffer, O_CLOEXEC, call)\n    ${SIZE_TO_USER}\n    return fd`,
      },
    ],
    fails: ['copy_to_user', 1, 'EFAULT'],
    named: [{ rule: 'early-publish', at: [[BLITTER, 'context.dmaBufPut(buffer)']] }],
  },
]

export const deviceMistakes: readonly Mistake[] = [
  {
    what: 'the device does not set its maximum segment size',
    file: BLITTER,
    edits: [{ from: '(DEVICE, { maxSegmentSize: 2 ** 20 })', to: '(DEVICE)' }],
    named: [{ rule: 'dma-api-misuse', at: [[PAGES, MAP]] }],
  },
  {
    what: 'dma_mapping_error is not checked',
    file: TABLE,
    edits: [{ from: 'if (dma.mappingError(mapping)) {', to: 'if (mapping.failed) {' }],
    named: [{ rule: 'dma-api-misuse', at: [[TABLE, UNMAP_SINGLE]] }],
  },
  {
    what: 'the table is vmalloc memory',
    file: TABLE,
    edits: [
      { from: "context.kmalloc(TABLE_SIZE, 'table')", to: "context.vmalloc(TABLE_SIZE, 'table')" },
    ],
    named: [{ rule: 'dma-api-misuse', at: [[TABLE, MAP_SINGLE]] }],
  },
  {
    what: 'no sync between the stores and the job',
    file: TABLE,
    edits: [{ from: `${SYNC_SINGLE}\n`, to: '\n' }],
    named: [
      { rule: 'unsynced-handoff', on: DIRECT, at: [[TABLE, 'memory.store(']] },
      { rule: 'bounce-not-synced', on: BOUNCES, at: [[TABLE, MAP_SINGLE]] },
    ],
  },
  {
    what: 'a sync goes beyond its mapping',
    file: TABLE,
    edits: [{ from: '(mapping, 0, TABLE_SIZE,', to: '(mapping, 0, 2 * TABLE_SIZE,' }],
    named: [
      {
        rule: 'dma-api-misuse',
        at: [[TABLE, "dma.syncSingleRangeForDevice(mapping, 0, 2 * TABLE_SIZE, 'to-device')"]],
      },
    ],
  },
  {
    what: "the unmap's size differs from the map's",
    file: TABLE,
    edits: [{ from: 'unmapSingle(mapping, TABLE_SIZE,', to: 'unmapSingle(mapping, 4096,' }],
    named: [
      {
        rule: 'dma-api-misuse',
        at: [[TABLE, "context.dma.unmapSingle(mapping, 4096, 'to-device')"]],
      },
    ],
  },
  {
    what: 'memory is freed while it is mapped',
    file: TABLE,
    edits: [{ from: `${UNMAP_SINGLE}\n`, to: '\n' }],
    named: [{ rule: 'mapping-leak', at: [[TABLE, MAP_SINGLE]] }],
  },
]
