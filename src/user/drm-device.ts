import { DRM_CAP_PRIME, DRM_PRIME_CAP_IMPORT } from '../abi/drm.ts'
import { errno } from '../abi/errno.ts'
import { O_CLOEXEC, O_NONBLOCK, O_RDWR } from '../abi/fcntl.ts'
import * as check from '../syscalls/arguments.ts'
import type { Kernel } from '../syscalls/kernel.ts'
import type { Syscalls } from '../syscalls/syscalls.ts'
import { systemError } from '../syscalls/system-error.ts'
import type { Operation } from '../syscalls/watching.ts'
import { DeviceOwner } from './async-owner.ts'
import { Calls } from './calls.ts'
import { checkBuffer, checkLayout, checkMode, sysOf } from './checks.ts'
import { drainAll } from './dispose.ts'
import type { AbortOptions, DmaBuf } from './dma-buf.ts'
import * as raw from './drm-calls.ts'
import { type Card, openCard } from './drm-cards.ts'
import { type DisplayEvent, EventReader } from './drm-event.ts'
import { HandleTable } from './drm-handles.ts'
import { type DrmOutput, findOutputs } from './drm-output.ts'
import { DumbBuffer, type DumbOptions } from './dumb-buffer.ts'
import { FramebufferCache } from './framebuffers.ts'
import type { PictureLayout } from './image-format.ts'
import { ImportedBuffer } from './imported-buffer.ts'
import { type Picture, Scanout } from './scanout.ts'
import { Serial } from './serial.ts'

/** A picture that keeps its own memory: a `Frame`, or anything shaped like one. */
export interface Showable {
  readonly buffer: DmaBuf
  readonly format: PictureLayout
  /** Another reference, which the display keeps until the next picture is on screen. */
  retain?(): AsyncDisposable
}

/**
 * A display, by DRM and legacy mode setting: imports dma-bufs and shows them on the first attached
 * screen.
 */
export class DrmDevice extends DeviceOwner {
  protected override readonly noun = 'display'
  readonly #handles: HandleTable
  readonly #framebuffers: FramebufferCache
  readonly #events: EventReader
  readonly #scanout: Scanout
  readonly #turns = new Serial()

  private constructor(sys: Syscalls, fd: number, path: string) {
    super(sys, fd, path)
    this.#handles = new HandleTable(this.held)
    this.#framebuffers = new FramebufferCache(this.held, this.#handles)
    this.#events = new EventReader(this.held)
    this.#scanout = new Scanout(this.held, this.#events)
  }

  /**
   * May sleep. Opens the first card that imports dma-bufs and drives screens, of any number, or the
   * one at `path`. ENOENT, EACCES, EMFILE, ENODEV if no card does; ENOTTY for a file that is not a
   * DRM device, EOPNOTSUPP for one that cannot import dma-bufs.
   */
  static async open(kernel: Pick<Kernel, 'sys'>, path?: string): Promise<DrmDevice> {
    const calls = Calls.from(sysOf(kernel), DrmDevice.open)
    if (path !== undefined) check.text('path', path)
    const card = path === undefined ? await firstDisplay(calls) : await cardAt(calls, path)
    return new DrmDevice(calls.sys, card.fd, card.path)
  }

  /** May sleep. The attached screens with their modes. */
  async outputs(): Promise<DrmOutput[]> {
    return await findOutputs(Calls.from(this.sys, this.outputs), this.requireFd())
  }

  /**
   * May sleep. Imports `buffer`; close the result. The kernel returns one handle for all imports of a
   * buffer: imports are counted here, and the handle is closed with the last. EBADF, EINVAL, EIO.
   */
  async importBuffer(buffer: DmaBuf): Promise<ImportedBuffer> {
    const calls = Calls.from(this.sys, this.importBuffer)
    checkBuffer('buffer', buffer)
    this.requireFd()
    const handle = await this.#handles.open(calls, buffer)
    return new ImportedBuffer(this.sys, handle, (later) => this.#handles.close(later, handle))
  }

  /**
   * May sleep, until the picture is on screen: the first call sets the mode, later ones flip at the
   * vertical blank. The display reads the buffer until the *next* picture is on screen. It holds a frame
   * for so long; a buffer that is passed by itself must not be written until then. EINVAL, EACCES, ENXIO
   * without a screen.
   */
  show(frame: Showable, options?: AbortOptions): Promise<void>
  show(buffer: DmaBuf, layout: PictureLayout, options?: AbortOptions): Promise<void>
  show(
    what: Showable | DmaBuf,
    second: PictureLayout | AbortOptions = {},
    third: AbortOptions = {},
  ): Promise<void> {
    const calls = Calls.from(this.sys, this.show)
    const given = (): ShowArguments => showArguments(what, second, third)
    const begin = (): Operation => reading('DrmDevice.show', [given().buffer.fd])
    return calls.operation(begin, async () => {
      this.requireFd()
      const { buffer, layout, signal, retain } = given()
      const hold = calls.run(retain)
      await this.#turns.run(() => this.#show(calls, { buffer, layout, hold }, signal))
    })
  }

  async #show(
    calls: Calls,
    picture: { buffer: DmaBuf; layout: PictureLayout; hold: AsyncDisposable | undefined },
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { buffer, layout, hold } = picture
    const { current } = this.#scanout
    let shown: Picture | undefined
    try {
      const framebuffer = await this.#framebuffers.get(calls, buffer, layout, current)
      shown = { framebuffer, layout, hold }
      await this.#scanout.show(calls, shown, signal)
    } catch (error) {
      const handedOver = shown !== undefined && this.#scanout.holds(shown)
      const drop = handedOver ? [] : [() => calls.run(() => hold?.[Symbol.asyncDispose]())]
      await drainAll(drop, [error])
    }
  }

  /** May sleep. Makes a dumb buffer, which ends with the device at the latest. EINVAL, ENOSYS, ENOMEM. */
  async createDumb(options: DumbOptions): Promise<DumbBuffer> {
    const calls = Calls.from(this.sys, this.createDumb)
    check.options('options', options)
    const { width, height, bitsPerPixel = 32 } = options
    check.uint32('options.width', width)
    check.uint32('options.height', height)
    check.notMisspelt('options', options, ['width', 'height', 'bitsPerPixel'])
    check.uint32('options.bitsPerPixel', bitsPerPixel)
    checkBitsPerPixel(bitsPerPixel)
    this.requireFd()
    const owner = {
      fd: () => this.requireFd(),
      alive: () => this.#handles.dumbCount,
      close: (later: Calls, handle: number) => this.#handles.close(later, handle),
    }
    return await this.#handles.makeDumb(() => DumbBuffer.create(calls, owner, options))
  }

  /** May sleep. Only PRIME_FD_TO_HANDLE, not counted: see `import`. */
  async primeFdToHandle(buffer: DmaBuf): Promise<number> {
    const calls = Calls.from(this.sys, this.primeFdToHandle)
    checkBuffer('buffer', buffer)
    return await raw.fdToHandle(calls, this.requireFd(), buffer.fd)
  }

  static {
    DrmDevice.prototype.importHandle = DrmDevice.prototype.primeFdToHandle
  }

  /** @deprecated Use `primeFdToHandle`. */
  declare importHandle: DrmDevice['primeFdToHandle']

  /** May sleep. Only GEM_CLOSE, regardless of the count of imports. EINVAL. */
  async closeHandle(handle: number): Promise<void> {
    const calls = Calls.from(this.sys, this.closeHandle)
    check.uint32('handle', handle)
    await raw.gemClose(calls, this.requireFd(), handle)
  }

  /** May sleep. Only ADDFB2; returns the framebuffer's id. EINVAL, ENOENT. */
  async addFramebuffer(setting: raw.FramebufferSetting): Promise<number> {
    const calls = Calls.from(this.sys, this.addFramebuffer)
    checkLayout('setting', setting)
    check.uint32('setting.handle', setting.handle)
    return await raw.addFramebuffer(calls, this.requireFd(), setting)
  }

  /** May sleep. Only RMFB; a CRTC that shows it is turned off. ENOENT. */
  async removeFramebuffer(id: number): Promise<void> {
    const calls = Calls.from(this.sys, this.removeFramebuffer)
    check.uint32('id', id)
    await raw.removeFramebuffer(calls, this.requireFd(), id)
  }

  /** May sleep. Only SETCRTC. EACCES, EINVAL, ENOENT, ENOSPC. */
  setCrtc(setting: raw.CrtcSetting): Promise<void> {
    const calls = Calls.from(this.sys, this.setCrtc)
    const begin = (): Operation => {
      checkCrtcSetting(setting)
      return reading('DrmDevice.setCrtc')
    }
    return calls.operation(begin, async () => raw.setCrtc(calls, this.requireFd(), setting))
  }

  /** May sleep. Only PAGE_FLIP; `readEvent` reports when it is done. EBUSY, EINVAL, ENOENT. */
  pageFlip(flip: { crtc: number; framebuffer: number; userData: number }): Promise<void> {
    const calls = Calls.from(this.sys, this.pageFlip)
    const begin = (): Operation => {
      checkFlip(flip)
      return reading('DrmDevice.pageFlip')
    }
    return calls.operation(begin, async () => raw.pageFlip(calls, this.requireFd(), flip))
  }

  /** May sleep, until the display reports a flip or a vertical blank. Do not mix it with `show`. */
  async readEvent(options: AbortOptions = {}): Promise<DisplayEvent> {
    const calls = Calls.from(this.sys, this.readEvent)
    check.waitOptions('options', options)
    this.requireFd()
    return await this.#events.next(calls, options.signal)
  }

  /**
   * Turns the screen off, and releases framebuffers, frames and handles. Frames come after framebuffers: a screen that
   * could not be turned off is dark once its framebuffer is removed (drm_framebuffer_remove).
   */
  protected override async shutDown(calls: Calls): Promise<void> {
    await this.#turns.run(() =>
      drainAll([
        () => this.#scanout.stop(calls),
        () => this.#framebuffers.clear(calls),
        () => this.#scanout.release(calls),
        () => this.#handles.closeAll(calls),
      ]),
    )
  }
}

/** An operation that gives buffers to the display. */
function reading(name: string, fds: readonly number[] = []): Operation {
  return { name, by: 'device', access: 'read', fds }
}

const FLAGS = O_RDWR | O_CLOEXEC | O_NONBLOCK

/** May sleep. The first card that can show an imported buffer. */
async function firstDisplay(calls: Calls): Promise<Card> {
  return await openCard(calls, {
    flags: FLAGS,
    unfit: (fd) => raw.whyNoDisplay(calls, fd),
    none: {
      errno: errno.ENODEV,
      detail:
        'no card imports dma-bufs and drives a screen: load the driver of the display, or pass the path ' +
        'of its card',
    },
  })
}

/** May sleep. The card at `path`, which may be one without a screen, to import into. */
async function cardAt(calls: Calls, path: string): Promise<Card> {
  const fd = calls.open(path, FLAGS, () => ({
    ENOENT: 'there is no such device: look at /dev/dri/card*, whose numbers are not fixed',
    EACCES: "you may not open it: join the group 'video'",
  }))
  try {
    const prime = await raw.getCap(calls, fd, DRM_CAP_PRIME)
    if ((prime & DRM_PRIME_CAP_IMPORT) === 0) throw noImport(path)
    return { fd, path }
  } catch (error) {
    await drainAll([() => calls.close(fd)], [error])
    throw error
  }
}

function noImport(path: string): Error {
  return systemError({
    errno: -errno.EOPNOTSUPP,
    syscall: 'DRM_IOCTL_GET_CAP',
    path,
    detail: 'this device cannot import dma-bufs: try another /dev/dri/card*',
  })
}

/** The arguments of `show`, in either of its two forms. */
interface ShowArguments {
  readonly buffer: DmaBuf
  readonly layout: PictureLayout
  readonly signal: AbortSignal | undefined
  /** Another reference to a frame. */
  readonly retain: () => AsyncDisposable | undefined
}

function showArguments(
  what: Showable | DmaBuf,
  second: PictureLayout | AbortOptions,
  third: AbortOptions,
): ShowArguments {
  check.having('what', what, 'a Frame or a DmaBuf')
  const isFrame = 'buffer' in what
  const buffer = isFrame ? what.buffer : what
  const layout = isFrame ? what.format : (second as PictureLayout)
  const options = isFrame ? (second as AbortOptions) : third
  checkBuffer(isFrame ? 'frame.buffer' : 'buffer', buffer)
  checkLayout(isFrame ? 'frame.format' : 'layout', layout)
  check.waitOptions('options', options)
  const retain = (): AsyncDisposable | undefined => (isFrame ? what.retain?.() : undefined)
  return { buffer, layout, signal: options.signal, retain }
}

/**
 * Linux takes any number, and rounds up to bytes. These are the depths of displays' formats and of
 * other common uses.
 */
const BITS_PER_PIXEL: readonly number[] = [1, 2, 4, 8, 10, 12, 15, 16, 24, 30, 32, 64]

function checkBitsPerPixel(bits: number): void {
  if (BITS_PER_PIXEL.includes(bits)) return
  throw check.outOfRange('options.bitsPerPixel', `one of ${BITS_PER_PIXEL.join(', ')}`, bits)
}

function checkFlip(flip: unknown): void {
  check.options('flip', flip)
  const { crtc, framebuffer, userData } = flip as Record<string, unknown>
  check.uint32('flip.crtc', crtc)
  check.uint32('flip.framebuffer', framebuffer)
  check.integer('flip.userData', userData)
}

function checkCrtcSetting(setting: unknown): void {
  check.options('setting', setting)
  const { crtc, connectors, framebuffer, mode } = setting as Record<string, unknown>
  check.uint32('setting.crtc', crtc)
  check.list('setting.connectors', connectors)
  for (const id of connectors) check.uint32('setting.connectors[]', id)
  check.uint32('setting.framebuffer', framebuffer)
  checkMode('setting.mode', mode)
}
