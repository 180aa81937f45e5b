// Run by shown.test.ts in a separate vitest: it has to fail.
import { runAll } from 'dmabuf/test'
import { expect, it } from 'vitest'
import { unbracketed } from './programs.ts'

it('is clean', async () => {
  expect(await runAll(unbracketed)).toBeClean()
})
