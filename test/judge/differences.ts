/** The differences between the naive machine and the fast one, read by read and cell by cell. */
import type { Hazard } from '../../src/events/event.ts'
import { LEFTOVER } from '../naive/bounce.ts'
import type { CellRead } from '../naive/buffers.ts'
import { byteOf, CELL, type Program } from '../naive/program.ts'
import type { FastRead } from './fast/run.ts'
import type { BothRuns } from './judge.ts'

type NaiveSide = Pick<BothRuns, 'program' | 'naive'>

/**
 * In words; empty where they agree. On a coherent board (`onLaptop`) every byte must be right, in any
 * case one that legal hardware returns, and hazards must be exactly where some legal choice goes wrong.
 */
export function differences({ program, naive, fast }: BothRuns, onLaptop: boolean): string[] {
  const mine = new Map(fast.reads.map((read) => [read.step, read]))
  const found = naive.reads
    .filter(({ step }) => !naive.unjudged.has(step))
    .flatMap((read) => wrongRead({ program, naive }, read, mine.get(read.step), onLaptop))
  const steps = new Set(naive.reads.map(({ step }) => step))
  const more = fast.reads.filter(({ step }) => !steps.has(step))
  return [
    ...found,
    ...more.map(({ step }) => `step ${step}: read, and should have faulted`),
    ...wrongArrays({ program, naive, fast }, onLaptop),
  ]
}

function wrongRead(
  { program, naive }: NaiveSide,
  read: CellRead,
  mine: FastRead | undefined,
  onLaptop: boolean,
): string[] {
  const where = `step ${read.step} buffer ${read.buffer} cell ${read.cell}`
  if (mine === undefined) return [`${where}: was not read`]
  const hazard = hazardAt(mine, read.cell)
  const at = read.cell * CELL - mine.start
  const got = mine.bytes[at] as number
  const wrong: string[] = []
  if (mine.bytes.subarray(at, at + CELL).some((byte) => byte !== got)) wrong.push(`${where}: torn`)
  if (!isLegal({ program, naive }, read, got, onLaptop))
    wrong.push(`${where}: got ${got}, ${legal(read)}`)
  const { mayShow, mayMiss } = harmIn(program, read)
  const { same, old } = naive.quiet
  if (mayShow && hazard === undefined && read.step < old)
    wrong.push(`${where}: harm is not named, ${legal(read)}`)
  if (!mayMiss && hazard !== undefined && read.step < same)
    wrong.push(`${where}: no harm is named, ${legal(read)}`)
  const isWrong = got !== byteOf(program, read.right)
  if (hazard !== undefined && isWrong && !hazard.wrongNow && read.step < old)
    wrong.push(`${where}: hidden, but wrong`)
  return wrong
}

/** Whether some choice returns other bytes, and whether some misses the last store, be it of the same. */
function harmIn(
  program: Program,
  { possible, right }: CellRead,
): { mayShow: boolean; mayMiss: boolean } {
  const mayMiss = [...possible].some((store) => store !== right)
  // Where stores repeat each other's bytes, those through arrays that change nothing are not seen.
  const mayShow = [...possible].some((store) => byteOf(program, store) !== byteOf(program, right))
  return { mayShow: program.values === undefined ? mayMiss : mayShow, mayMiss }
}

function wrongArrays({ program, naive, fast }: BothRuns, onLaptop: boolean): string[] {
  return naive.shown.flatMap((read, i) => {
    const { step, cell, byte } = fast.shown[i] ?? {}
    const where = `step ${read.step} buffer ${read.buffer} cell ${read.cell}`
    if (step !== read.step || cell !== read.cell || byte === undefined) {
      return [`${where}: no array shows it`]
    }
    return isLegal({ program, naive }, read, byte, onLaptop)
      ? []
      : [`${where}: an array shows ${byte}, ${legal(read)}`]
  })
}

/**
 * A store through an array that repeats the bytes of a stale line goes unseen (docs/limits.md). The
 * line then stays clean in the fast machine, and may be dropped: an earlier byte of the cell comes back.
 */
function isLegal(
  { program, naive }: NaiveSide,
  read: CellRead,
  got: number,
  onLaptop: boolean,
): boolean {
  const { possible, right, step } = read
  if (onLaptop) return got === byteOf(program, right)
  if (possible.has(LEFTOVER)) return true
  if ([...possible].some((store) => byteOf(program, store) === got)) return true
  return step >= naive.quiet.old && naive.everIn(read).includes(got)
}

function legal({ possible, right }: CellRead): string {
  return `legal are ${[...possible]}, right is ${right}`
}

function hazardAt({ hazards }: FastRead, cell: number): Hazard | undefined {
  const at = cell * CELL
  return hazards.find(({ range }) => range.start <= at && at < range.end)
}

/**
 * The steps of reads whose hazards name another store than the last. A store's value is its step; one
 * through an array is found in a later step, and left out here.
 */
export function misnamed({ naive, fast }: BothRuns): number[] {
  const late = new Set(
    fast.events
      .filter((e) => e.kind === 'cpu-store' && e.seen === 'reconciled')
      .map(({ id }) => id),
  )
  const mine = new Map(fast.reads.map((read) => [read.step, read]))
  const isWrong = ({ step, cell, right }: CellRead): boolean => {
    const read = mine.get(step)
    const hazard = read === undefined ? undefined : hazardAt(read, cell)
    if (hazard === undefined || late.has(hazard.lastStore)) return false
    return fast.stepOf(hazard.lastStore) !== right
  }
  return naive.reads.filter(isWrong).map(({ step }) => step)
}
