import { type ChildProcessWithoutNullStreams as Emulator, spawn } from 'node:child_process'
import { accessSync, constants, createWriteStream, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Debian } from './debian.ts'
import { watchProgress } from './progress.ts'

/** Arguments for the kernel. With `swiotlb=force` every device of a PC goes through bounce buffers. */
export const boots = { plain: '', swiotlb: 'swiotlb=force' } as const
export type Boot = keyof typeof boots

export interface Machine {
  readonly debian: Debian
  readonly initramfs: string
  readonly accelerator: string
}

/** One start of the machine, to its power-off. */
export interface Start {
  readonly boot: Boot
  /** The host's folder behind the guest's `/out`. Has the job in `job`; the logs land here too. */
  readonly out: string
  /** After so many seconds of processor time without progress it is ended. */
  readonly limit: number
  /** More words for the kernel; `MODULE.NAME=VALUE` is a parameter of that module. */
  readonly words: readonly string[]
  /** More arguments for the emulator. */
  readonly emulator: readonly string[]
}

/** How it ended: the program's exit status, or in words why there is none. */
export type Ending = { readonly status: number } | { readonly failure: string }

const usual = '-machine q35 -m 2G -smp 2 -display none -nodefaults -no-reboot'.split(' ')

/** Starts the machine and runs the job. The program's output goes to stdout as it comes. */
export async function start(
  machine: Machine,
  { boot, out, limit, words, emulator: more }: Start,
): Promise<Ending> {
  const emulator = qemu([
    ...cpu(machine.accelerator),
    ...kernel(machine.debian, ['oops=panic', boots[boot], ...words].join(' ')),
    ...['-initrd', machine.initramfs],
    ...['-vga', 'cirrus'],
    ...['-virtfs', `local,path=${out},mount_tag=out,security_model=none`],
    ...['-serial', `file:${join(out, 'console.log')}`],
    ...['-chardev', 'stdio,id=program', '-device', 'virtio-serial'],
    ...['-device', 'virtserialport,chardev=program,nr=1'],
    ...more,
  ])
  const { pid = 0 } = emulator
  const files = ['console.log', 'beat', 'running', 'status'].map((name) => join(out, name))
  let stuck: string | undefined
  const progress = watchProgress({ pid, files }, limit, (why) => {
    stuck = why
    emulator.kill('SIGKILL')
  })
  const log = createWriteStream(join(out, 'output.log'))
  for (const stream of [emulator.stdout, emulator.stderr]) {
    stream.pipe(log, { end: false })
    stream.pipe(process.stdout, { end: false })
    stream.on('data', progress.note)
  }
  await ended(emulator)
  progress.stop()
  log.end()
  if (stuck !== undefined) return { failure: stuck }
  const status = join(out, 'status')
  if (!existsSync(status)) return { failure: 'the machine went off in the middle' }
  return { status: Number(readFileSync(status, 'utf8')) }
}

/**
 * `kvm` where it can carry a kernel to the point at which it misses its root, else the interpreter:
 * there are hosts whose /dev/kvm opens, and fails in the guest's first instructions.
 */
export async function accelerator(debian: Debian): Promise<string> {
  // With a thread for each processor one boot in twenty dies of "Oops: int3": a processor still runs
  // the instruction that the other has just patched.
  const interpreter = 'tcg,thread=single'
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
  } catch {
    return interpreter
  }
  const emulator = qemu([...cpu('kvm'), ...kernel(debian, 'panic=-1'), '-serial', 'stdio'])
  let console = ''
  emulator.stdout.on('data', (text) => {
    console += text
  })
  const timer = setTimeout(() => emulator.kill('SIGKILL'), 5000)
  await ended(emulator)
  clearTimeout(timer)
  return console.includes('Unable to mount root') ? 'kvm' : interpreter
}

function qemu(rest: string[]): Emulator {
  // Its stdin stays open: at the end of that the guest's port would count as unplugged.
  const emulator = spawn('qemu-system-x86_64', [...usual, ...rest])
  const end = (): boolean => emulator.kill('SIGKILL')
  process.once('exit', end)
  emulator.once('close', () => process.off('exit', end))
  return emulator
}

function cpu(accelerator: string): string[] {
  return ['-accel', accelerator, '-cpu', 'max']
}

function kernel(debian: Debian, words: string): string[] {
  // On a busy host the timer interrupts of the kernel's own check may come too late for it.
  const always = 'console=ttyS0 panic=-1 no_timer_check'
  return ['-kernel', debian.vmlinuz, '-append', `${always} ${words}`]
}

function ended(emulator: Emulator): Promise<void> {
  return new Promise((resolve, reject) => {
    emulator.once('error', reject)
    emulator.once('close', () => resolve())
  })
}
