/**
 * dmabuf/linux: the real kernel behind the same classes. It needs Linux and the package koffi, which
 * nothing else in this package loads.
 */
import '../base/host.ts'

export type { LinuxEvents } from './events.ts'
export { LinuxKernel, type LinuxOptions, openLinux } from './kernel.ts'
export type { MemoryMode } from './memory.ts'
