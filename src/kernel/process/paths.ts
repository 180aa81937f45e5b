import { O_CLOEXEC, O_LARGEFILE, O_ONCE, O_VALID } from '../../abi/fcntl.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import { bufinfo } from '../dmabuf/bufinfo.ts'
import type { DmaBufCore } from '../dmabuf/core.ts'
import type { DeviceNode, OpenFile } from '../dmabuf/file.ts'
import type { Descriptors } from './descriptors.ts'
import { fdinfoText } from './fdinfo.ts'
import { textFile } from './text-file.ts'

const FDINFO = /^\/proc\/self\/fdinfo\/(\d+)$/
const BUFINFO = '/sys/kernel/debug/dma_buf/bufinfo'

/** The paths that a process can open: device nodes, its own fdinfo, and debugfs. */
export class Paths {
  readonly #nodes: ReadonlyMap<string, DeviceNode>
  readonly #descriptors: Descriptors
  readonly #core: DmaBufCore

  constructor(nodes: ReadonlyMap<string, DeviceNode>, descriptors: Descriptors, core: DmaBufCore) {
    this.#nodes = nodes
    this.#descriptors = descriptors
    this.#core = core
  }

  /**
   * Opens `path`. ENOENT, and the driver's errors. Unknown bits of the flags are ignored. Source:
   * build_open_how and do_dentry_open in fs/open.c of Linux 6.12.
   */
  open(path: string, flags: number): OpenFile {
    const known = flags & O_VALID & ~O_CLOEXEC
    const file = this.#open(path, known)
    file.flags = (known & ~O_ONCE) | O_LARGEFILE
    return file
  }

  #open(path: string, flags: number): OpenFile {
    const info = FDINFO.exec(path)
    if (info !== null) {
      return textFile(path, () => fdinfoText(Number(info[1]), this.#descriptors))
    }
    if (path === BUFINFO) return textFile(path, () => bufinfo(this.#core))
    const node = this.#nodes.get(path)
    if (node === undefined) {
      throw new KernelError('ENOENT', `${path}: there are ${[...this.#nodes.keys()].join(', ')}`)
    }
    return node.open(flags)
  }
}
