import type { DrmModeFbCmd2 } from '../../abi/drm-framebuffer.ts'
import type { GemHandles } from '../../kernel/drm/gem-handles.ts'
import type { GemObject } from '../../kernel/drm/gem-object.ts'
import type { GemObjects } from '../../kernel/drm/gem-objects.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import { planesOf } from '../../media/planes.ts'
import type { Framebuffer } from './framebuffer.ts'
import { checkFits, checkRequest, planeOf } from './framebuffer-check.ts'

/** The framebuffers of a card, by id. Any file may show any; who added one removes it. */
export class Framebuffers {
  readonly #objects: GemObjects
  readonly #firstId: number
  readonly #byId = new Map<number, Framebuffer>()

  /** Ids begin at `firstId`: a card's objects share one space of numbers. */
  constructor(objects: GemObjects, firstId: number) {
    this.#objects = objects
    this.#firstId = firstId
  }

  /** Makes a framebuffer, with one reference. EINVAL and ERANGE for its numbers, ENOENT for a handle. */
  add(request: DrmModeFbCmd2, handles: GemHandles): Framebuffer {
    const format = checkRequest(request, this.#objects.strideStep)
    const planes = planesOf[format.name].map((info, index) => {
      const { handle, pitch, offset } = planeOf(request, index)
      const plane = { object: handles.get(handle), pitch, offset }
      checkFits(plane, info, request)
      return plane
    })
    for (const { object } of planes) this.#objects.get(object)
    const { width, height } = request
    const framebuffer = { id: this.#freeId(), format, width, height, planes, references: 1 }
    this.#byId.set(framebuffer.id, framebuffer)
    return framebuffer
  }

  /** The framebuffer with this id. ENOENT. */
  find(id: number): Framebuffer {
    const framebuffer = this.#byId.get(id)
    if (framebuffer === undefined) throw new KernelError('ENOENT', `there is no framebuffer ${id}`)
    return framebuffer
  }

  /** Takes the id back; the framebuffer lives on while it is shown. */
  forget(framebuffer: Framebuffer): void {
    this.#byId.delete(framebuffer.id)
    this.put(framebuffer)
  }

  get(framebuffer: Framebuffer): void {
    framebuffer.references++
  }

  put(framebuffer: Framebuffer): void {
    framebuffer.references--
    if (framebuffer.references > 0) return
    for (const { object } of framebuffer.planes) this.#objects.put(object)
  }

  /**
   * May sleep. Runs `body` while the framebuffer cannot go away and its buffers are mapped. The exporter's errors
   * pass through.
   */
  async holding(framebuffer: Framebuffer, body: () => Promise<void> | void): Promise<void> {
    this.get(framebuffer)
    const prepared: GemObject[] = []
    try {
      for (const object of objectsOf(framebuffer)) {
        await this.#objects.prepareUse(object)
        prepared.push(object)
      }
      await body()
    } finally {
      for (const object of prepared) this.#objects.used(object)
      this.put(framebuffer)
    }
  }

  /** The display begins to show a framebuffer that is held: it stays, and mapped, until `hide`. */
  show(framebuffer: Framebuffer): void {
    this.get(framebuffer)
    for (const object of objectsOf(framebuffer)) this.#objects.use(object)
  }

  hide(framebuffer: Framebuffer): void {
    for (const object of objectsOf(framebuffer)) this.#objects.used(object)
    this.put(framebuffer)
  }

  #freeId(): number {
    let id = this.#firstId
    while (this.#byId.has(id)) id++
    return id
  }
}

/** Each once: several planes may lie in one buffer. */
function objectsOf({ planes }: Framebuffer): Set<GemObject> {
  return new Set(planes.map(({ object }) => object))
}
