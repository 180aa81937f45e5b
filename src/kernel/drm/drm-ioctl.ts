/**
 * How a request of a DRM device is carried out: looked up by its number alone, on a copy of the structure
 * that is as long as the kernel's own, which is copied back whether or not the request succeeds.
 * Source: drm_ioctl in drivers/gpu/drm/drm_ioctl.c of Linux 6.12.
 */

import { decodeIoctl, ioctlSize } from '../../abi/ioctl-number.ts'
import type { Struct } from '../../abi/struct.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { IoctlCall, UserMemory } from '../dmabuf/file.ts'
import type { DrmClient, DrmFeature } from './drm-client.ts'
import { type FeatureRequest, featureRequests } from './refused-ioctls.ts'

/** _IOC_WRITE: the kernel reads the structure. */
const IN = 2 ** 30
/** _IOC_READ: the kernel writes it. */
const OUT = 2 ** 31

/** A request on its way: the kernel's copy of its structure, and the call it came with. */
export interface DrmCall<V> {
  /** Reads and writes `argument.bytes` in place. */
  readonly args: V
  /** The kernel's copy, with the caller's memory behind its pointers. */
  readonly argument: UserMemory
  readonly call: IoctlCall
}

export interface DrmIoctl<C extends DrmClient = DrmClient> {
  readonly request: number
  /** May sleep where `run` of its definition does. */
  run(client: C, call: IoctlCall): Promise<void>
}

export interface DrmIoctlInfo<V, C extends DrmClient> {
  readonly request: number
  readonly layout: Struct<V>
  /** Only the file that is master may do it (DRM_MASTER): EACCES. */
  readonly master?: boolean
  run(client: C, drm: DrmCall<V>): Promise<void> | void
}

/** Defines a request. */
export function drmIoctl<V, C extends DrmClient>(info: DrmIoctlInfo<V, C>): DrmIoctl<C> {
  return { request: info.request, run: (client, call) => carryOut(info, client, call) }
}

/** The requests of a device, by their number. */
export class DrmIoctls<C extends DrmClient> {
  readonly #features: ReadonlySet<DrmFeature>
  readonly #byNumber: ReadonlyMap<number, DrmIoctl<C>>

  constructor(features: readonly DrmFeature[], ioctls: readonly DrmIoctl<C>[]) {
    this.#features = new Set(features)
    this.#byNumber = new Map(ioctls.map((ioctl) => [decodeIoctl(ioctl.request).nr, ioctl]))
  }

  /**
   * May sleep. Requests are known by their number. One of a feature that the device lacks is EOPNOTSUPP,
   * one that drm_ioctl does not know EINVAL, and one of another kind of device ENOTTY.
   */
  async run(client: C, call: IoctlCall): Promise<number> {
    const { type, nr } = decodeIoctl(call.request)
    const hex = `0x${call.request.toString(16)}`
    if (type !== 'd') throw new KernelError('ENOTTY', `request ${hex} is not one of DRM`)
    const ioctl = this.#byNumber.get(nr)
    const needed = featureRequests.get(nr)
    if (needed !== undefined && !this.#features.has(needed.feature)) refuse(client, needed)
    if (ioctl === undefined) throw new KernelError('EINVAL', `request ${hex} is not known here`)
    await ioctl.run(client, call)
    return 0
  }
}

async function carryOut<V, C extends DrmClient>(
  info: DrmIoctlInfo<V, C>,
  client: C,
  call: IoctlCall,
): Promise<void> {
  const { request, layout, master = false } = info
  const given = call.argument.bytes.subarray(0, ioctlSize(call.request))
  const bytes = new Uint8Array(Math.max(given.length, layout.size))
  if (goes(call.request, request, IN)) bytes.set(given)
  const { pointers } = call.argument
  const argument = pointers === undefined ? { bytes } : { bytes, pointers }
  try {
    if (master) requireMaster(client)
    await info.run(client, { args: layout.over(bytes), argument, call })
  } finally {
    if (goes(call.request, request, OUT)) given.set(bytes.subarray(0, given.length))
  }
}

function refuse(client: DrmClient, { feature, master }: FeatureRequest): never {
  if (master) requireMaster(client)
  throw new KernelError('EOPNOTSUPP', `this device is not one of those with the feature ${feature}`)
}

function requireMaster(client: DrmClient): void {
  if (client.card.master === client) return
  throw new KernelError('EACCES', 'another open file is master of the card')
}

function goes(asked: number, known: number, way: number): boolean {
  return (asked & known & way) !== 0
}
