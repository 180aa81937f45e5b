import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { testCase, testsEnd, testsHead } from '../../lab/junit.ts'
import { watchProgress } from '../../lab/progress.ts'

/** A process in the part of the emulator. */
function emulator(script: string): number {
  const child = spawn(process.execPath, ['-e', script], { stdio: 'ignore' })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child.pid ?? 0
}

const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

/** The first report of the watch; undefined if there is none for `patience` milliseconds. */
function verdict(
  pid: number,
  files: readonly string[],
  limit: number,
  patience: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const { stop } = watchProgress({ pid, files }, limit, resolve)
    onTestFinished(stop)
    void sleep(patience).then(() => resolve(undefined))
  })
}

describe.skipIf(process.platform !== 'linux')('a machine of the lab', () => {
  test('that computes and shows nothing is stuck after so much processor time', async () => {
    const pid = emulator('for (;;);')
    expect(await verdict(pid, [], 0.5, 20_000)).toBe('no progress in 0.5 s of processor time')
  }, 30_000)

  test('that does nothing is stuck after some times as long', async () => {
    const pid = emulator('setInterval(() => {}, 1e9)')
    await sleep(2000)
    expect(await verdict(pid, [], 0.6, 20_000)).toBe('idle, with no progress in 3 s')
  }, 30_000)

  test('that shows signs of life is not', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dmabuf-lab-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const beat = join(folder, 'beat')
    const timer = setInterval(() => writeFileSync(beat, `${performance.now()}`), 100)
    onTestFinished(() => clearInterval(timer))
    expect(await verdict(emulator('for (;;);'), [beat], 3, 6000)).toBeUndefined()
  }, 30_000)
})

test('results of the lab are XML, whatever a test is called and fails with', () => {
  const failed = testCase({
    name: 'a < b & "c"\u0007',
    group: 'x > y',
    seconds: 1.5,
    error: '<\u001b[31m>',
    isSkipped: false,
  })
  expect(failed).toBe(
    '<testcase name="a &lt; b &amp; &quot;c&quot;?" classname="x &gt; y" time="1.500">' +
      '<failure>&lt;?[31m&gt;</failure></testcase>\n',
  )
  const skipped = testCase({ name: 'n', group: '', seconds: 0, error: undefined, isSkipped: true })
  expect(`${testsHead}${skipped}${testsEnd}`).toMatch(/<skipped\/><\/testcase>\n<\/testsuite>/)
})
