import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skipped } from './here.ts'
import { LinuxBundle } from './linux-bundle.ts'

/** The activity of a thread when it ends. Each has a kernel, a memfd, a FIFO, and has polled. */
const states = {
  idle: '',
  waiting: 'void sys.poll([{ fd: fifo, events: 1, revents: 0 }], -1)',
  'calling on another thread': `for (let i = 0; i < 9; i++) {
    void sys.ioctl(fifo, 0x541b, { bytes: new Uint8Array(4) })
  }`,
  'holding arrays': `const kept = []
    for (let i = 0; i < 50; i++) {
      const at = sys.mmap(8192, 3, 1, memfd, 0)
      kept.push(sys.view(at, 8192, 'mapping').fill(i))
      if (i % 2) sys.munmap(at, i % 3 ? 8192 : 4096)
      if (i % 10 === 0) gc()
    }
    globalThis.kept = kept`,
} as const

/** How a thread ends. */
const ends = {
  returns: 'kernel.close()',
  'returns without close()': '',
  'calls process.exit()': 'process.exit(0)',
  throws: "throw new Error('on purpose')",
  'is terminated': `setInterval(() => {}, 1000); parentPort.postMessage('now')`,
} as const

const program = (state: string, end: string, main: string): string => `
import { closeSync, openSync } from 'node:fs'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { openLinux } from './linux.mjs'
if (isMainThread) {
  const kernel = ${main === 'has a kernel' ? 'openLinux({ reportForgotten: false })' : 'undefined'}
  await kernel?.sys.poll([], 1e6)
  let left = 4
  let ready = 0
  const atLast = () => ++ready === 4 && process.exit(0)
  for (let i = 0; i < 4; i++) {
    const worker = new Worker(new URL(import.meta.url))
    worker.on('message', () => ${main === 'exits first' ? 'atLast()' : 'worker.terminate()'})
    worker.on('error', (error) => {
      if (error.message !== 'on purpose') throw error
    })
    worker.on('exit', () => {
      gc()
      if (--left === 0) setTimeout(() => process.exit(0), 50)
    })
  }
} else {
  const kernel = openLinux({ reportForgotten: false })
  const { sys } = kernel
  const fifo = openSync(process.env.FIFO, 'r+')
  const memfd = sys.memfdCreate('x', 3)
  sys.ftruncate(memfd, 8192)
  sys.fcntl(memfd, 1033, 2)
  await sys.poll([{ fd: fifo, events: 1, revents: 0 }], 1e6)
  ${state}
  await new Promise(setImmediate)
  ${end}
}
`

describe.skipIf(skipped !== '')(`threads on the real kernel${skipped}`, () => {
  let bundle: LinuxBundle
  let folder = ''
  beforeAll(async () => {
    bundle = await LinuxBundle.make()
    folder = bundle.folder
    await run('mkfifo', [join(folder, 'fifo')])
  })
  afterAll(() => bundle?.[Symbol.dispose]())

  function run(command: string, args: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = spawn(command, args, {
        env: { ...process.env, FIFO: join(folder, 'fifo') },
        stdio: ['ignore', 'inherit', 'pipe'],
        timeout: 60_000,
      })
      let stderr = ''
      child.stderr.on('data', (text) => {
        stderr += text
      })
      child.once('error', reject)
      child.once('close', (code, signal) => resolve(`${code ?? signal}${stderr}`))
    })
  }

  const cases = Object.keys(states).flatMap((state) =>
    Object.keys(ends).map(
      (end) => ({ state, end }) as { state: keyof typeof states; end: keyof typeof ends },
    ),
  )

  for (const { state, end } of cases) {
    // A wait keeps its thread alive, as it should: such a thread does not end by returning.
    if (end === 'returns without close()' && state === 'waiting') continue
    for (const main of ['has a kernel', 'has none', 'exits first']) {
      if (main === 'exits first' && end !== 'is terminated') continue
      test(`a thread ${state} ${end}, and the main thread ${main}: the process goes on`, async () => {
        const file = join(
          folder,
          `${state} ${end} ${main}.mjs`.replaceAll(' ', '-').replaceAll(/[()]/g, ''),
        )
        writeFileSync(file, program(states[state], ends[end], main))
        expect(await run(process.execPath, ['--expose-gc', file])).toBe('0')
      }, 90_000)
    }
  }
})
