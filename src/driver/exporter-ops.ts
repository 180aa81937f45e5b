import type { DmaBufOps } from '../kernel/dmabuf/ops.ts'
import type { OperationUnderWay, UnderWay } from './under-way.ts'

/** Where the buffer and the attachment are in an operation's arguments. */
const ATTACHMENT_OPS = ['pin', 'unpin', 'mapDmaBuf', 'unmapDmaBuf'] as const
const BUFFER_OPS = ['beginCpuAccess', 'endCpuAccess', 'mmap', 'vmap', 'vunmap', 'release'] as const
const BOTH_OPS = ['attach', 'detach'] as const

type AnyOperation = (this: unknown, ...args: never[]) => unknown

/**
 * A driver's operations, recorded as under way while they run. A missing operation, or one that is
 * not a function, stays so: the core refuses it.
 */
export function watchedOps(ops: DmaBufOps, underWay: UnderWay): DmaBufOps {
  if (typeof ops !== 'object' || ops === null) return ops
  const watched: Record<string, unknown> = { cacheSgtMapping: ops.cacheSgtMapping }
  const watch = (name: keyof DmaBufOps, of: (args: never[]) => OperationUnderWay): void => {
    const body = ops[name] as AnyOperation | undefined
    if (typeof body !== 'function') {
      if (body !== undefined) watched[name] = body
      return
    }
    watched[name] = (...args: never[]) =>
      underWay.inOperation(of(args), () => body.apply(ops, args))
  }
  for (const name of ATTACHMENT_OPS) watch(name, ([attachment]) => ofAttachment(attachment))
  for (const name of BUFFER_OPS) watch(name, ([buffer]) => ({ buffer: buffer as never }))
  for (const name of BOTH_OPS) watch(name, ([, attachment]) => ofAttachment(attachment))
  return watched as unknown as DmaBufOps
}

function ofAttachment(attachment: OperationUnderWay['attachment']): OperationUnderWay {
  return { buffer: attachment?.buffer as never, attachment }
}
