/** dmabuf/driver: the kernel-side API, for your own exporters, importers and devices. */
import '../uapi/host.ts'

export type { KernelMemory } from '../dma/kernel-memory.ts'
export { DMA_MAPPING_ERROR, type DmaMapping, type DmaSegment } from '../dma/mapping.ts'
export type { DmaMemory } from '../dma/requests.ts'
export type { Segment, SgTable, StorageRun } from '../dma/sg-table.ts'
export type { Attachment } from '../dmabuf/attachment.ts'
export type { DeviceJob } from '../dmabuf/device-job.ts'
export type { DmaBuf } from '../dmabuf/dma-buf.ts'
export type {
  CallerFiles,
  IoctlCall,
  MappedPages,
  MapRequest,
  OpenFile,
  UserMemory,
} from '../dmabuf/file.ts'
export type { KernelMapping } from '../dmabuf/kernel-mapping.ts'
export type { CpuPages, DmaBufOps, ImporterOps } from '../dmabuf/ops.ts'
export type { DmaDirection, DriverName, MemoryAttribute, Range } from '../events/event.ts'
export type { Reservation } from '../fence/reservation.ts'
export type {
  Board,
  BounceTraits,
  CostTable,
  DeviceTraits,
  IommuTraits,
} from '../machine/board.ts'
export { KernelError } from '../machine/kernel-error.ts'
export { PAGE_SIZE } from '../machine/ram.ts'
export { O_CLOEXEC, O_RDONLY, O_RDWR } from '../uapi/fcntl.ts'
export { decodeIoctl, io, ior, iow, iowr } from '../uapi/ioctl-number.ts'
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
