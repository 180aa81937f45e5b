import { drmGemClose, drmPrimeHandle } from '../../abi/drm.ts'
import { drmModeCreateDumb } from '../../abi/drm-dumb.ts'
import type { BufferId } from '../../events/event.ts'
import type { Files, OpenFile } from './files.ts'
import type { Request } from './request.ts'
import type { Tell } from './tell.ts'

/** The GEM handles of each open DRM device, and the dma-bufs that they are known to stand for. */
export class Handles {
  readonly #files: Files
  readonly #tell: Tell
  readonly #handles = new WeakMap<OpenFile, Map<number, BufferId | undefined>>()

  constructor(files: Files, tell: Tell) {
    this.#files = files
    this.#tell = tell
  }

  /** Before PRIME_FD_TO_HANDLE: its descriptor may be gone afterwards. */
  importing({ file, argument: { bytes } }: Request): () => void {
    const buffer = this.#files.at(drmPrimeHandle.over(bytes).fd)?.buffer
    return () => this.#opened(file, drmPrimeHandle.over(bytes).handle, buffer?.id)
  }

  exported({ file, argument: { bytes } }: Request): void {
    const { handle, fd } = drmPrimeHandle.decode(bytes)
    const { buffer } = this.#files.openedDmaBuf(fd)
    this.#of(file).set(handle, buffer?.id)
  }

  /** CREATE_DUMB: no descriptor stands for it yet, and its dma-buf is not known. */
  created({ file, argument: { bytes } }: Request): void {
    this.#opened(file, drmModeCreateDumb.over(bytes).handle, undefined)
  }

  /** GEM_CLOSE or DESTROY_DUMB, which both begin with the handle, returned `result`. */
  closed({ file, argument: { bytes } }: Request, result: number): void {
    const { buffer, byteOffset } = bytes
    const at = byteOffset + drmGemClose.offsets.handle
    const handle = new DataView(buffer, at, 4).getUint32(0, true)
    this.#tellOf('handle-close', file, handle, false, result)
    if (result >= 0) this.#of(file).delete(handle)
  }

  released(file: OpenFile): void {
    for (const handle of this.#of(file).keys()) {
      this.#tellOf('handle-close', file, handle, false, 0)
    }
    this.#handles.delete(file)
  }

  #opened(file: OpenFile, handle: number, buffer: BufferId | undefined): void {
    const known = this.#of(file)
    const fresh = !known.has(handle)
    known.set(handle, buffer ?? known.get(handle))
    this.#tellOf('handle-open', file, handle, fresh, 0)
  }

  #tellOf(
    kind: 'handle-open' | 'handle-close',
    file: OpenFile,
    handle: number,
    fresh: boolean,
    result: number,
  ): void {
    const buffer = this.#of(file).get(handle)
    this.#tell({ kind, file: file.id, handle, buffer, fresh, result })
  }

  #of(file: OpenFile): Map<number, BufferId | undefined> {
    const known = this.#handles.get(file) ?? new Map<number, BufferId | undefined>()
    this.#handles.set(file, known)
    return known
  }
}
