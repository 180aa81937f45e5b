/**
 * Boots a stock kernel in an emulator and runs programs or the linux tests inside.
 *
 *     npm run test:kernel                                    every boot, all tests
 *     npx tsx lab/main.ts --boot plain -- some.ts args       a program, in one boot
 *     npx tsx lab/main.ts --with bench/twin.c -- bench.ts    with a file beside it
 *     npx tsx lab/main.ts --append intel_iommu=on --device intel-iommu -- some.ts
 *     npx tsx lab/main.ts --module vivid,multiplanar=2 -- some.ts
 *     npx tsx lab/main.ts --module bochs --device bochs-display -- some.ts
 *
 * --append takes words for the kernel, --module a module to insert with its parameters (one of the usual
 * ones too), --device a device of qemu's, --qemu any argument of its (--qemu=-m --qemu=4G).
 *
 * The program finds its files in its working folder, the boot's name in LAB_BOOT, and a folder for
 * its results in LAB_OUT (out/lab/BOOT here). A machine is ended when it shows no progress for --limit seconds
 * of its own processor time: no output, and no sign of life (`beat`). `tests.xml` has every test that
 * ended, and the one that was running. Exit status: the first one that is not 0, 1 when a machine hung or
 * crashed. If the lab lacks something, it prints its name and skips (status 0);
 * with DMABUF_LAB=required that is a failure.
 */
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { need } from './command.ts'
import { debian } from './debian.ts'
import { accelerator, type Boot, boots, type Ending, type Machine, start } from './guest.ts'
import { initramfs } from './initramfs.ts'
import { Job } from './job.ts'
import { testCase, testsEnd } from './junit.ts'
import { Missing, repository } from './places.ts'

const { values, positionals } = parseArgs({
  options: {
    boot: { type: 'string', multiple: true, default: Object.keys(boots) },
    with: { type: 'string', multiple: true, default: [] },
    append: { type: 'string', multiple: true, default: [] },
    module: { type: 'string', multiple: true, default: [] },
    device: { type: 'string', multiple: true, default: [] },
    qemu: { type: 'string', multiple: true, default: [] },
    limit: { type: 'string', default: '180' },
    out: { type: 'string', default: join(repository, 'out/lab') },
  },
  allowPositionals: true,
})

const limit = Number(values.limit)
const modules = values.module.map(moduleNamed)

/** `NAME,PARAMETER=VALUE,...`. */
function moduleNamed(text: string): { readonly name: string; readonly words: readonly string[] } {
  const [name = '', ...parameters] = text.split(',')
  const underscored = name.replaceAll('-', '_')
  return { name: underscored, words: parameters.map((word) => `${underscored}.${word}`) }
}

async function main(): Promise<number> {
  if (!(limit > 0)) throw new Error(`--limit is seconds, more than 0, not ${values.limit}.`)
  const wanted = values.boot.map(bootNamed)
  const machine = await prepared()
  const statuses: number[] = []
  for (const boot of wanted) statuses.push(await run(machine, boot))
  return statuses.find((status) => status !== 0) ?? 0
}

function bootNamed(name: string): Boot {
  if (name in boots) return name as Boot
  throw new Error(`--boot is one of ${Object.keys(boots).join(', ')}, not ${name}.`)
}

async function prepared(): Promise<Machine> {
  const host = `${process.platform} ${process.arch}`
  if (host !== 'linux x64') throw new Missing(`the guest runs an x86-64 Linux node, not ${host}`)
  need('qemu-system-x86_64', 'apt-get install qemu-system-x86')
  const packages = debian()
  return {
    debian: packages,
    initramfs: initramfs(
      packages,
      modules.map(({ name }) => name),
    ),
    accelerator: await accelerator(packages),
  }
}

async function run(machine: Machine, boot: Boot): Promise<number> {
  const out = join(resolve(values.out), boot)
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  const job = new Job(join(out, 'job'))
  job.run(await command(job), { LAB_BOOT: boot, LAB_OUT: '/out' })
  console.log(`-- ${boot}: Linux ${machine.debian.version}, ${machine.accelerator}`)
  const began = performance.now()
  const ending = await start(machine, {
    boot,
    out,
    limit,
    words: [...values.append, ...modules.flatMap(({ words }) => words)],
    emulator: [...values.device.flatMap((device) => ['-device', device]), ...values.qemu],
  })
  return report(ending, boot, out, (performance.now() - began) / 1000)
}

async function command(job: Job): Promise<string[]> {
  for (const file of values.with) await job.place(resolve(file))
  const [program, ...rest] = positionals
  if (program !== undefined) return [...(await job.place(resolve(program))), ...rest]
  return job.placeTests(testFiles())
}

/** Folders with files that the tests share. */
function testFiles(): string[] {
  return ['lab/smoke', 'test/linux/guest']
    .map((folder) => join(repository, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

function report(ending: Ending, boot: Boot, out: string, seconds: number): number {
  const time = `${seconds.toFixed(1)} s from power-on to power-off`
  const artefacts = `artefacts in ${relative(process.cwd(), out)}`
  if ('status' in ending) {
    closeResults(out)
    console.log(`-- ${boot}: exit status ${ending.status}, ${time}, ${artefacts}`)
    return ending.status
  }
  const running = closeResults(out, ending.failure)
  const during = running === undefined ? '' : `, in the test '${running}'`
  console.error(`-- ${boot}: ${ending.failure}${during}, ${time}, ${artefacts}. The console's end:`)
  // Created if it is not there: the emulator may have refused its arguments.
  const log = readFileSync(join(out, 'console.log'), { encoding: 'utf8', flag: 'a+' })
  console.error(consoleEnd(log).join('\n'))
  return 1
}

/** Completes the results of the tests; returns the one that was running, which counts as failed. */
function closeResults(out: string, failure?: string): string | undefined {
  const results = join(out, 'tests.xml')
  if (!existsSync(results)) return undefined
  const running = join(out, 'running')
  const name =
    failure !== undefined && existsSync(running) ? readFileSync(running, 'utf8') : undefined
  if (name !== undefined) {
    const [test = '', ...groups] = name.split(' > ').reverse()
    const group = groups.reverse().join(' > ')
    const ended = { name: test, group, seconds: 0, error: failure, isSkipped: false }
    appendFileSync(results, testCase(ended))
  }
  appendFileSync(results, testsEnd)
  return name
}

/** From where the kernel broke, if it did. */
function consoleEnd(log: string): string[] {
  const lines = log.trimEnd().split(/\r?\n/)
  const broken = lines.findIndex((line) => /Oops|BUG:|Kernel panic/.test(line))
  return lines.slice(broken < 0 ? -20 : broken)
}

// So that the emulator is ended too.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof Missing)) throw error
  const required = process.env.DMABUF_LAB === 'required'
  console.log(
    `${required ? 'failed' : 'skipped'}: kernel lab (${values.boot.join(', ')}): ${error.message}`,
  )
  process.exitCode = required ? 1 : 0
}
