/** Leaves the name of each test in `running` before it begins, for the case that it never ends. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach } from 'node:test'

beforeEach(async (test) => {
  // The reporters write the tests that ended before; a test that never yields would delay them.
  await new Promise(setImmediate)
  const { name, fullName = name } = test as { name: string; fullName?: string }
  writeFileSync(join(process.env.LAB_OUT ?? '.', 'running'), fullName)
})
