import type { Range } from '../events/event.ts'
import type { DeviceLimits } from '../kernel/dma/device-parameters.ts'
import type { DmaMapping } from '../kernel/dma/mapping.ts'
import type { DeviceJob } from '../kernel/dmabuf/device-job.ts'
import type { DmaBuf } from '../kernel/dmabuf/dma-buf.ts'
import type { OpenFile } from '../kernel/dmabuf/file.ts'
import type { Operation } from '../kernel/dmabuf/operations.ts'
import { assert, KernelError } from '../machine/kernel-error.ts'
import type { Bound } from './bound.ts'
import { checkMapping } from './dma-memory-calls.ts'
import { type DriverFile, openDriverFile } from './driver-file.ts'
import type { AllocateBuffer } from './host.ts'
import { takeOver } from './reference-calls.ts'

/** A heap of the driver's: /dev/dma_heap/<name>. */
export interface DmaHeapExportInfo {
  readonly name: string
  /**
   * May sleep. A buffer of `length` bytes, whole pages, whose reference goes to the caller's descriptor.
   * A failure is thrown: ENOMEM.
   */
  readonly allocate: AllocateBuffer
}

/** A character device of the driver's: /dev/<name>. */
export interface MiscDevice {
  readonly name: string
  /** A process opens it. A failure is thrown: EBUSY. */
  open(flags: number): DriverFile
}

/** Properties of a device; the kernel's defaults if left out. */
export type DeviceInfo = Partial<
  Pick<DeviceLimits, 'maxSegmentSize' | 'segmentBoundaryMask' | 'minAlignMask' | 'mask'>
>

export interface DeviceCalls {
  /**
   * Binds the driver to a device; the board's table gives its snooping and its reach. A mapping
   * that is left when the driver is removed is reported (row 23 of DMA-API debugging). Returns the
   * device's name.
   */
  registerDevice(name: string, info?: DeviceInfo): string
  /**
   * The device begins to read or write `range`, in bytes of a mapping; all of it when left out. Its
   * transfers are the job's `load` and `store`, and `finish` is its interrupt. Does not sleep.
   */
  startJob(mapping: DmaMapping, access: 'read' | 'write', range?: Range): DeviceJob
  /**
   * A device's access to a DMA address, through its mapping there. If it faults, it reads zeros and
   * writes nothing, and the fault is a finding.
   */
  busLoad(device: string, address: number, target: Uint8Array): void
  busStore(device: string, address: number, source: Uint8Array): void
  /** dma_heap_add. EINVAL for a name that is taken or none. */
  dmaHeapAdd(info: DmaHeapExportInfo): void
  /** misc_register. EBUSY for a name that is taken. */
  miscRegister(device: MiscDevice): void
}

export function deviceCalls(bound: Bound): DeviceCalls {
  const { host, driver } = bound
  const add = (node: { path: string; open(flags: number): OpenFile }, taken: string): void => {
    if (host.nodes.has(node.path)) throw new KernelError(taken, `there is a ${node.path} already`)
    host.nodes.set(node.path, node)
    bound.undo.push(() => host.nodes.delete(node.path))
  }
  const calls: DeviceCalls = {
    registerDevice: (name, info = {}) =>
      bound.now(calls.registerDevice, () => {
        assert(
          typeof name === 'string' && name !== '',
          `${driver.name}: the name of a device must not be empty`,
        )
        host.dma.devices.set(name, { ...info, driver })
        bound.devices.add(name)
        return name
      }),
    startJob: (mapping, access, range) =>
      bound.now(calls.startJob, () => {
        checkMapping(bound, mapping, 'startJob')
        const all = { start: 0, end: mapping.size }
        return host.jobs.start(mapping, access, range ?? all, bound.origin)
      }),
    busLoad: (device, address, target) =>
      bound.now(calls.busLoad, () => host.dma.busLoad(device, address, target)),
    busStore: (device, address, source) =>
      bound.now(calls.busStore, () => host.dma.busStore(device, address, source)),
    dmaHeapAdd: ({ name, allocate }) =>
      bound.now(calls.dmaHeapAdd, () => {
        if (name === '' || name.includes('/')) {
          throw new KernelError('EINVAL', `'${name}' is not a valid name of a heap`)
        }
        const operation = {
          name: 'allocate',
          driver,
          given: `heap ${name}`,
          origin: bound.origin,
        }
        const give: AllocateBuffer = (...request) =>
          allocateFor(bound, operation, () => allocate(...request))
        add(host.heapNode(name, give), 'EINVAL')
      }),
    miscRegister: (device) =>
      bound.now(calls.miscRegister, () => {
        const path = `/dev/${device.name}`
        const { origin } = bound
        const open = (flags: number): OpenFile =>
          openDriverFile(bound, { path, flags, origin }, device)
        add({ path, open }, 'EBUSY')
      }),
  }
  return calls
}

/** May sleep. The reference of the allocated buffer goes to its new descriptor. */
async function allocateFor(
  bound: Bound,
  operation: Operation,
  allocate: () => Promise<DmaBuf> | DmaBuf,
): Promise<DmaBuf> {
  const buffer = await bound.underWay.inCall(() => bound.operations.run(operation, allocate))
  if (!bound.host.core.isLive(buffer)) {
    throw bound.operations.returned(operation, `${describe(buffer)}: no buffer that is exported`)
  }
  takeOver(bound, buffer, operation.name)
  return buffer
}

function describe(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
