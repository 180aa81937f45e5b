import { describe, expect, test } from 'vitest'
import { formatOrigin } from '../../src/tap/format-origin.ts'
import { normalizeFile, parseStack } from '../../src/tap/stack.ts'

const here = normalizeFile(import.meta.url)
const root = here.slice(0, here.indexOf('/test/'))

describe('a file', () => {
  test.each([
    ['file:///a/b%20c.ts?tsx=1#x', '/a/b c.ts'],
    ['file:///C:/a/b.ts', 'C:/a/b.ts'],
    ['C:\\a\\b.ts', 'C:/a/b.ts'],
    ['/a/b.ts', '/a/b.ts'],
    ['file:///a/%.ts', '/a/%.ts'],
    ['https://x.org/a.js?v=1', 'https://x.org/a.js?v=1'],
  ])('%s is %s', (given, expected) => {
    expect(normalizeFile(given)).toBe(expected)
  })
})

describe('a stack', () => {
  test("of V8's", () => {
    const stack = [
      'Error: at first sight (not:a:frame)',
      '    at run (file:///p/a.ts:1:2)',
      '    at async Promise.all (index 0)',
      '    at async file:///p/b.ts:3:4',
      '    at new Thing [as x] (/p/c d.ts:5:6)',
      '    at <anonymous>',
    ].join('\n')
    expect(parseStack(stack)).toEqual([
      { name: 'run', file: '/p/a.ts', line: 1, column: 2 },
      { name: undefined, file: '/p/b.ts', line: 3, column: 4 },
      { name: 'new Thing [as x]', file: '/p/c d.ts', line: 5, column: 6 },
    ])
  })

  test("of SpiderMonkey's", () => {
    expect(parseStack('run@https://x.org/a.js:1:2\n@https://x.org/b.js:3:4')).toEqual([
      { name: 'run', file: 'https://x.org/a.js', line: 1, column: 2 },
      { name: undefined, file: 'https://x.org/b.js', line: 3, column: 4 },
    ])
  })
})

describe('an origin', () => {
  test('is the first frame outside the package and the host', () => {
    const stack = [
      `    at Calls.ioctl (file://${root}/src/user/calls.ts:9:9)`,
      `    at DmaBuf.map (${root}/dist/user/dma-buf.js:9:9)`,
      '    at node:internal/process/task_queues:95:5',
      `    at program (file://${root}/examples/program.ts:7:3)`,
      '    at main (/somewhere/src/main.ts:1:1)',
    ].join('\n')
    const site = formatOrigin({ stack })
    expect(site).toMatchObject({ file: `${root}/examples/program.ts`, line: 7, column: 3 })
    expect(site?.frames.map(({ name }) => name)).toEqual(['program', 'main'])
  })

  test.each([
    [
      'esbuild',
      [`at R.[nodejs.asyncDispose] (${root}/src/user/frame.ts:1:1)`],
      ['at next (file:///p/a.ts:1:9)', 'at __callDispose (file:///p/a.ts:1:9)'],
    ],
    [
      'esbuild later',
      [`at [Symbol.dispose] (${root}/src/user/frame.ts:1:1)`],
      ['at next (/p/a.js:1:9)'],
    ],
    ['TypeScript', [], ['at __disposeResources (/p/node_modules/tslib/tslib.js:1:1)']],
    ['oxc', [], ['at Object.d (/p/\0@oxc-project+runtime@1/helpers/esm/usingCtx.js:1:1)']],
  ])('is not in the helpers of %s', (_, own, helpers) => {
    const stack = [...own, ...helpers, 'at async main (/p/a.ts:5:6)'].join('\n')
    expect(formatOrigin({ stack })).toMatchObject({ name: 'main', line: 5 })
  })

  test('may be in a function called next', () => {
    const stack = ['at next (/p/a.ts:5:6)', 'at main (/p/a.ts:7:6)'].join('\n')
    expect(formatOrigin({ stack })?.line).toBe(5)
  })

  test('is nothing without a stack or a user', () => {
    expect(formatOrigin(undefined)).toBeUndefined()
  })

  test.each([
    'process.processTicksAndRejections (node:internal/process/task_queues:95:5)',
    'processTicksAndRejections (native:7:39)',
    'eventLoopTick (ext:core/01_core.js:178:7)',
  ])('is not that of the host: %s', (host) => {
    expect(formatOrigin({ stack: `Error\n    at ${host}` })).toBeUndefined()
    expect(formatOrigin({})).toBeUndefined()
    expect(formatOrigin({ stack: 'at node:fs:1:1' })).toBeUndefined()
  })
})
