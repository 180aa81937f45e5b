import type { Storage } from '../../machine/storage.ts'
import type { DmaMapping } from '../dma/mapping.ts'

/** What a device's own buffers are made of. */
export interface GemMemory {
  /** The device's name in events, attachments and boards. */
  readonly device: string
  /**
   * Memory for `size` bytes, whole pages, whose frames may come with the first touch; undefined where
   * there is none.
   */
  allocate(size: number): Storage | undefined
  /**
   * Makes the frames that are there, which have their owner now, zero for everybody: the CPU goes past
   * its cache.
   * Returns how the device's engine reaches them from now on, where it has one.
   */
  prepare(storage: Storage): DmaMapping | undefined
}
