import type { Attachment } from '../kernel/dmabuf/attachment.ts'
import type { DmaBuf } from '../kernel/dmabuf/dma-buf.ts'
import { OPERATIONS, type OperationName } from '../kernel/dmabuf/operation-table.ts'
import type { DmaBufOps } from '../kernel/dmabuf/ops.ts'
import type { OperationUnderWay, UnderWay } from './under-way.ts'

type AnyOperation = (this: unknown, ...args: unknown[]) => unknown

/**
 * A driver's operations, recorded as under way while they run. A missing operation, or one that is not
 * a function, stays so: the core refuses it.
 */
export function watchedOps(ops: DmaBufOps, underWay: UnderWay): DmaBufOps {
  if (typeof ops !== 'object' || ops === null) return ops
  const watched: Record<string, unknown> = { cacheSgtMapping: ops.cacheSgtMapping }
  for (const name of Object.keys(OPERATIONS) as OperationName[]) {
    const body: unknown = ops[name]
    if (body === undefined) continue
    watched[name] = typeof body === 'function' ? watch(name, body as AnyOperation) : body
  }
  return watched as unknown as DmaBufOps

  function watch(name: OperationName, body: AnyOperation): AnyOperation {
    return (...args) => underWay.inOperation(subjectOf(name, args), () => body.apply(ops, args))
  }
}

/** The buffer and the attachment in an operation's arguments. */
function subjectOf(name: OperationName, args: readonly unknown[]): OperationUnderWay {
  const { takes } = OPERATIONS[name]
  if (!takes.includes('attachment')) return { buffer: args[0] as DmaBuf }
  const attachment = args[takes.indexOf('attachment')] as Attachment
  return { buffer: attachment?.buffer, attachment }
}
