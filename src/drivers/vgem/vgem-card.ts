import type { DmaBufCore } from '../../kernel/dmabuf/core.ts'
import type { DrmCard, DrmClient } from '../../kernel/drm/drm-client.ts'
import { GemObjects } from '../../kernel/drm/gem-objects.ts'
import type { GemParts } from '../../kernel/drm/gem-parts.ts'
import type { Machine } from '../../machine/machine.ts'
import { vgemMemory } from './vgem-memory.ts'

/** The state that all files of vgem share. */
export class VgemCard implements DrmCard {
  readonly machine: Machine
  readonly core: DmaBufCore
  readonly objects: GemObjects
  master: DrmClient | undefined

  constructor(parts: GemParts) {
    this.machine = parts.machine
    this.core = parts.core
    this.objects = new GemObjects(parts, vgemMemory(parts))
  }
}
