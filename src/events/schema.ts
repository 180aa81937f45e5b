/** Generated from event.ts by build/events.mjs: the fields of each kind of event, with their types. */
import type { DmabufEvent } from './event.ts'
import type { Fields } from './field.ts'

export const RANGE: Fields = {
  start: { type: 'number' },
  end: { type: 'number' },
}

const PLACEMENT: Fields = {
  storage: { type: 'number' },
  offset: { type: 'number' },
  length: { type: 'number' },
}

const DRIVER_NAME: Fields = {
  name: { type: 'text' },
  modelled: { type: 'flag' },
}

const AGENT: Fields = {
  kind: { type: { oneOf: ['task', 'device', 'kernel'] } },
  name: { type: 'text' },
}

const HAZARD: Fields = {
  range: { type: { fields: RANGE } },
  kind: { type: { oneOf: ['stale-line', 'memory-behind', 'lost'] } },
  lastStore: { type: 'number' },
  wrongNow: { type: 'flag' },
  wrongBytes: { type: 'number' },
}

const IMPORTER_CALL: Fields = {
  driver: { type: { fields: DRIVER_NAME } },
  direction: { type: { oneOf: ['to-device', 'from-device', 'bidirectional'] } },
  origin: { type: 'origin', optional: true },
}

const COMMON: Fields = {
  id: { type: 'number' },
  time: { type: 'number' },
  agent: { type: { fields: AGENT } },
  task: { type: 'number' },
  process: { type: 'number' },
  within: { type: 'number', optional: true },
  during: { type: { oneOf: ['begin_cpu_access', 'end_cpu_access'] }, optional: true },
  origin: { type: 'origin', optional: true },
}

const CALL_EVENT: Fields = {
  ...COMMON,
  phase: { type: { oneOf: ['enter', 'exit'] } },
  call: { type: 'number' },
  name: { type: 'text' },
  fd: { type: 'number', optional: true },
  result: { type: 'number', optional: true },
  address: { type: 'number', optional: true },
  length: { type: 'number', optional: true },
  oldLength: { type: 'number', optional: true },
  offset: { type: 'number', optional: true },
  buffer: { type: 'number', optional: true },
  text: { type: 'text', optional: true },
}

const OPERATION_EVENT: Fields = {
  ...COMMON,
  phase: { type: { oneOf: ['begin', 'awaited', 'end', 'needed'] } },
  operation: { type: 'number' },
  name: { type: 'text' },
  by: { type: { oneOf: ['cpu', 'device'] } },
  access: { type: { oneOf: ['read', 'write', 'read-write'] } },
  ends: { type: 'flag', optional: true },
  fds: { type: { list: 'number' } },
}

const FD_OPEN_EVENT: Fields = {
  ...COMMON,
  fd: { type: 'number' },
  file: { type: 'number' },
  what: { type: 'text' },
  buffer: { type: 'number', optional: true },
  from: { type: { oneOf: ['elsewhere'] }, optional: true },
}

const FD_CLOSE_EVENT: Fields = {
  ...COMMON,
  fd: { type: 'number' },
  file: { type: 'number' },
  what: { type: 'text' },
  buffer: { type: 'number', optional: true },
}

const EXPORT_EVENT: Fields = {
  ...COMMON,
  buffer: { type: 'number' },
  size: { type: 'number' },
  exporter: { type: 'text' },
  driver: { type: { fields: DRIVER_NAME }, optional: true },
}

const MEMORY_EVENT: Fields = {
  ...COMMON,
  buffer: { type: 'number' },
  size: { type: 'number' },
  what: { type: 'text' },
  attribute: { type: { oneOf: ['cached', 'write-combine', 'uncached'] }, optional: true },
  placement: { type: { list: { fields: PLACEMENT } }, optional: true },
}

const RELEASE_EVENT: Fields = {
  ...COMMON,
  buffer: { type: 'number' },
}

const ATTACH_EVENT: Fields = {
  ...COMMON,
  buffer: { type: 'number' },
  attachment: { type: 'number' },
  device: { type: 'text' },
}

const MOVE_NOTIFY_EVENT: Fields = {
  ...COMMON,
  buffer: { type: 'number' },
  attachment: { type: 'number' },
  device: { type: 'text' },
}

const DMA_MAP_EVENT: Fields = {
  ...COMMON,
  buffer: { type: 'number' },
  attachment: { type: 'number', optional: true },
  mapping: { type: 'number' },
  device: { type: 'text' },
  direction: { type: { oneOf: ['to-device', 'from-device', 'bidirectional'] } },
  skipCpuSync: { type: 'flag' },
  range: { type: { fields: RANGE }, optional: true },
  placement: { type: { list: { fields: PLACEMENT } }, optional: true },
  bounced: { type: { list: { fields: RANGE } }, optional: true },
  driver: { type: { fields: DRIVER_NAME }, optional: true },
  importer: { type: { fields: IMPORTER_CALL }, optional: true },
}

const DMA_SYNC_EVENT: Fields = {
  ...COMMON,
  to: { type: { oneOf: ['cpu', 'device'] } },
  buffer: { type: 'number' },
  mapping: { type: 'number' },
  device: { type: 'text' },
  direction: { type: { oneOf: ['to-device', 'from-device', 'bidirectional'] } },
  range: { type: { fields: RANGE } },
  driver: { type: { fields: DRIVER_NAME }, optional: true },
}

const BOUNCE_COPY_EVENT: Fields = {
  ...COMMON,
  to: { type: { oneOf: ['bounce', 'original'] } },
  buffer: { type: 'number' },
  mapping: { type: 'number' },
  device: { type: 'text' },
  range: { type: { fields: RANGE } },
}

const MISUSE_EVENT: Fields = {
  ...COMMON,
  code: {
    type: {
      oneOf: [
        'unmap-invalid',
        'unmap-unknown',
        'unmap-size',
        'unmap-function',
        'free-cpu-address',
        'unmap-entries',
        'unmap-direction',
        'map-error-unchecked',
        'map-stack',
        'map-kernel-text',
        'map-invalid-area',
        'map-vmalloc',
        'sync-unknown',
        'sync-range',
        'sync-direction',
        'sync-read-only-for-cpu',
        'sync-write-only-for-device',
        'sync-entries',
        'segment-too-long',
        'segment-boundary',
        'overlapping-lines',
        'too-many-overlaps',
        'mapping-leak',
        'mask-unset',
        'address-overflow',
        'export-info',
        'attach-arguments',
        'detach-mismatch',
        'attachment-leak',
        'attachment-mapping-leak',
        'attachment-unmap-direction',
        'lock-not-held',
        'lock-held',
        'pin-static',
        'vunmap-unbalanced',
        'vmap-leak',
        'put-after-release',
        'use-after-release',
        'reference-leak',
        'memory-leak',
        'early-publish',
        'operation-threw',
        'operation-returned',
        'operation-pending',
      ],
    },
  },
  operation: { type: 'text' },
  driver: { type: { fields: DRIVER_NAME } },
  device: { type: 'text', optional: true },
  buffer: { type: 'number', optional: true },
  range: { type: { fields: RANGE }, optional: true },
  mapping: { type: 'number', optional: true },
  text: { type: 'text' },
  against: { type: 'number', optional: true },
}

const ACCESS_EDGE_EVENT: Fields = {
  ...COMMON,
  buffer: { type: 'number' },
  access: { type: { oneOf: ['read', 'write', 'read-write'] } },
  result: { type: 'number' },
  synced: { type: { list: 'text' } },
}

const CPU_MAP_EVENT: Fields = {
  ...COMMON,
  buffer: { type: 'number' },
  mapping: { type: 'number' },
  range: { type: { fields: RANGE } },
  attribute: { type: { oneOf: ['cached', 'write-combine', 'uncached', 'unknown'] } },
  writable: { type: 'flag' },
  placement: { type: { list: { fields: PLACEMENT } }, optional: true },
  expandable: { type: 'flag', optional: true },
  isPrivate: { type: 'flag', optional: true },
  coherence: { type: { oneOf: ['fault'] }, optional: true },
}

const PAGE_TABLE_EVENT: Fields = {
  ...COMMON,
  buffer: { type: 'number' },
  mapping: { type: 'number' },
  range: { type: { fields: RANGE } },
}

const PRIVATE_ACCESS_EVENT: Fields = {
  ...COMMON,
  buffer: { type: 'number' },
  mapping: { type: 'number' },
  range: { type: { fields: RANGE } },
}

const CPU_VIEW_EVENT: Fields = {
  ...COMMON,
  buffer: { type: 'number' },
  mapping: { type: 'number' },
  range: { type: { fields: RANGE } },
  scope: { type: { oneOf: ['bracket', 'mapping'] } },
  kept: { type: 'flag', optional: true },
  hazards: { type: { list: { fields: HAZARD } } },
}

const CPU_ACCESS_EVENT: Fields = {
  ...COMMON,
  buffer: { type: 'number' },
  mapping: { type: 'number', optional: true },
  range: { type: { fields: RANGE } },
  seen: { type: { oneOf: ['exact', 'reconciled'] } },
  since: { type: 'number', optional: true },
  view: { type: 'number', optional: true },
  viewEnded: { type: 'number', optional: true },
  hazards: { type: { list: { fields: HAZARD } } },
}

const JOB_EVENT: Fields = {
  ...COMMON,
  job: { type: 'number' },
  device: { type: 'text' },
  access: { type: { oneOf: ['read', 'write'] } },
  buffer: { type: 'number' },
  range: { type: { fields: RANGE } },
  mapping: { type: 'number', optional: true },
}

const DEVICE_ACCESS_EVENT: Fields = {
  ...COMMON,
  job: { type: 'number', optional: true },
  device: { type: 'text' },
  buffer: { type: 'number' },
  range: { type: { fields: RANGE } },
  snooped: { type: 'flag' },
  hazards: { type: { list: { fields: HAZARD } } },
  mapping: { type: 'number', optional: true },
  bounced: { type: 'flag', optional: true },
}

const DEVICE_FAULT_EVENT: Fields = {
  ...COMMON,
  job: { type: 'number', optional: true },
  device: { type: 'text' },
  access: { type: { oneOf: ['read', 'write'] } },
  buffer: { type: 'number' },
  mapping: { type: 'number', optional: true },
  range: { type: { fields: RANGE } },
  address: { type: 'number' },
  reason: { type: { oneOf: ['unmapped', 'out-of-range', 'read-only', 'write-only'] } },
}

const MAINTENANCE_EVENT: Fields = {
  ...COMMON,
  op: { type: { oneOf: ['clean', 'invalidate'] } },
  buffer: { type: 'number' },
  range: { type: { fields: RANGE } },
  device: { type: 'text' },
  bytes: { type: 'number' },
}

const QUEUE_EVENT: Fields = {
  ...COMMON,
  device: { type: 'text' },
  index: { type: 'number' },
  buffer: { type: 'number' },
  access: { type: { oneOf: ['read', 'write'] }, optional: true },
}

const SCANOUT_EVENT: Fields = {
  ...COMMON,
  device: { type: 'text' },
  picture: { type: 'number' },
  buffer: { type: 'number' },
  range: { type: { fields: RANGE } },
}

const HANDLE_EVENT: Fields = {
  ...COMMON,
  file: { type: 'number' },
  handle: { type: 'number' },
  buffer: { type: 'number', optional: true },
  fresh: { type: 'flag' },
  result: { type: 'number' },
}

const PROGRAM_END_EVENT: Fields = {
  ...COMMON,
  how: { type: { oneOf: ['returned', 'threw', 'stopped'] } },
  error: { type: 'text', optional: true },
  usesEnded: { type: 'flag', optional: true },
}

export const EVENT_FIELDS: Readonly<Record<DmabufEvent['kind'], Fields>> = {
  call: CALL_EVENT,
  operation: OPERATION_EVENT,
  'fd-open': FD_OPEN_EVENT,
  'fd-close': FD_CLOSE_EVENT,
  export: EXPORT_EVENT,
  memory: MEMORY_EVENT,
  release: RELEASE_EVENT,
  attach: ATTACH_EVENT,
  detach: ATTACH_EVENT,
  'move-notify': MOVE_NOTIFY_EVENT,
  'dma-map': DMA_MAP_EVENT,
  'dma-unmap': DMA_MAP_EVENT,
  'dma-sync': DMA_SYNC_EVENT,
  'bounce-copy': BOUNCE_COPY_EVENT,
  misuse: MISUSE_EVENT,
  'cpu-access-begin': ACCESS_EDGE_EVENT,
  'cpu-access-end': ACCESS_EDGE_EVENT,
  'cpu-map': CPU_MAP_EVENT,
  'cpu-unmap': CPU_MAP_EVENT,
  'cpu-fault': PAGE_TABLE_EVENT,
  'cpu-zap': PAGE_TABLE_EVENT,
  'private-load': PRIVATE_ACCESS_EVENT,
  'private-store': PRIVATE_ACCESS_EVENT,
  'cpu-view': CPU_VIEW_EVENT,
  'cpu-load': CPU_ACCESS_EVENT,
  'cpu-store': CPU_ACCESS_EVENT,
  'job-start': JOB_EVENT,
  'job-end': JOB_EVENT,
  'device-load': DEVICE_ACCESS_EVENT,
  'device-store': DEVICE_ACCESS_EVENT,
  'device-fault': DEVICE_FAULT_EVENT,
  maintenance: MAINTENANCE_EVENT,
  queue: QUEUE_EVENT,
  dequeue: QUEUE_EVENT,
  'scanout-take': SCANOUT_EVENT,
  'scanout-release': SCANOUT_EVENT,
  'handle-open': HANDLE_EVENT,
  'handle-close': HANDLE_EVENT,
  'program-end': PROGRAM_END_EVENT,
}
