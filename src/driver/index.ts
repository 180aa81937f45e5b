/** dmabuf/driver: the kernel-side API, for your own exporters, importers and devices. */
import '../base/host.ts'

export { O_CLOEXEC, O_RDONLY, O_RDWR, PAGE_SIZE } from '../abi/fcntl.ts'
export { decodeIoctl, io, ior, iow, iowr } from '../abi/ioctl-number.ts'
export type { DmaDirection, DriverName, MemoryAttribute, Range } from '../events/event.ts'
export type { KernelMemory } from '../kernel/dma/kernel-memory.ts'
export { DMA_MAPPING_ERROR, type DmaMapping, type DmaSegment } from '../kernel/dma/mapping.ts'
export type { DmaMemory } from '../kernel/dma/requests.ts'
export type { Segment, SgTable, StorageRun } from '../kernel/dma/sg-table.ts'
export type { Attachment } from '../kernel/dmabuf/attachment.ts'
export type { DeviceJob } from '../kernel/dmabuf/device-job.ts'
export type { DmaBuf } from '../kernel/dmabuf/dma-buf.ts'
export type {
  CallerFiles,
  IoctlCall,
  MappedPages,
  MapRequest,
  OpenFile,
  UserMemory,
} from '../kernel/dmabuf/file.ts'
export type { KernelMapping } from '../kernel/dmabuf/kernel-mapping.ts'
export type { CpuPages, DmaBufOps, ImporterOps } from '../kernel/dmabuf/ops.ts'
export type { Reservation } from '../kernel/fence/reservation.ts'
export type {
  Board,
  BounceTraits,
  CostTable,
  DeviceTraits,
  IommuTraits,
} from '../machine/board.ts'
export { KernelError } from '../machine/kernel-error.ts'
export type { BufferCalls, DmaBufExportInfo, FilesOfCall } from './buffer-calls.ts'
export type { DriverContext } from './context.ts'
export type { DeviceCalls, DeviceInfo, DmaHeapExportInfo, MiscDevice } from './device-calls.ts'
export type { DmaAttributes, DmaCalls } from './dma-calls.ts'
export type { Driver } from './driver.ts'
export type { DriverFile } from './driver-file.ts'
export { ProbeError } from './drivers.ts'
export type { AllocateBuffer } from './host.ts'
export type { CpuView, MemoryCalls, PageRequest } from './memory-calls.ts'
export type { ReservationCalls } from './reservation-calls.ts'
export type { TimeCalls } from './time-calls.ts'
