import {
  DMA_BUF_SYNC_END,
  DMA_BUF_SYNC_READ,
  DMA_BUF_SYNC_RW,
  DMA_BUF_SYNC_WRITE,
} from '../abi/dma-buf.ts'
import { PROT_READ, PROT_WRITE } from '../abi/fcntl.ts'
import * as check from '../syscalls/arguments.ts'

/** How the CPU is going to use a buffer: `write` only where every byte is replaced, else `read-write`. */
export type CpuAccessKind = 'read' | 'write' | 'read-write'

const flags: Readonly<Record<CpuAccessKind, number>> = {
  read: DMA_BUF_SYNC_READ,
  write: DMA_BUF_SYNC_WRITE,
  'read-write': DMA_BUF_SYNC_RW,
}

/** Throws ERR_INVALID_ARG_TYPE or ERR_INVALID_ARG_VALUE unless `access` is one of the three. */
export function checkAccess(access: unknown): asserts access is CpuAccessKind {
  check.oneOf('access', access, Object.keys(flags))
}

/** The DMA_BUF_SYNC_ flags of `access`, which is checked as `checkAccess` does. */
export function syncFlags(access: CpuAccessKind): number {
  checkAccess(access)
  return flags[access]
}

/** The access that the DMA_BUF_SYNC_ `flags` announce, valid or not. */
export function accessOf(flags: number): CpuAccessKind {
  const access = flags & DMA_BUF_SYNC_RW
  return access === DMA_BUF_SYNC_READ
    ? 'read'
    : access === DMA_BUF_SYNC_WRITE
      ? 'write'
      : 'read-write'
}

/** Whether the DMA_BUF_SYNC_ `flags` end an access. */
export function isEnd(flags: number): boolean {
  return (flags & DMA_BUF_SYNC_END) !== 0
}

/** The PROT_ bits of a mapping for `access`. The hardware has no pages to be stored to only. */
export function protectionOf(access: CpuAccessKind): number {
  return syncFlags(access) === DMA_BUF_SYNC_READ ? PROT_READ : PROT_READ | PROT_WRITE
}
