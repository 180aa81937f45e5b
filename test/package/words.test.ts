/** Texts for users are in plain English: words that read as translated stay out of them. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { stringLiterals } from './string-literals.ts'

const root = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')

/** Each with the words to use instead. */
const AVOIDED: readonly (readonly [RegExp, string])[] = [
  [/\b(tell|tells|told|telling)\b/i, 'report, print, notify'],
  [/\b(nobody|somebody|anybody|everybody|whoever)\b/i, 'the actor, or the passive'],
  [/\bstrangers?\b/i, 'unrelated object'],
  [/\bby luck\b/i, 'in this run'],
  [/\bupkeep\b/i, 'maintenance'],
  [/\b(one's own|of its own|of their own)\b/i, 'your own, custom, separate'],
  [/\blooks? into\b/i, 'snoops'],
  [/\b(lets?|letting) go( of)?\b/i, 'releases'],
  [/\b(give|gives|gave|given|giving) (it |them )?back\b/i, 'release, return'],
  [/(?<!there )\b(is|are|was|were) no (?!longer|more)/i, 'is not a'],
  [/\banew\b/i, 'again'],
  [/\bwhat\b/i, 'the noun'],
  [/(?<![-\w`])brackets?(?![-\w])/i, 'CPU access'],
]

/** Of data it is `stale`. */
const OLD: readonly (readonly [RegExp, string])[] = [[/\bold\b/i, 'stale']]

function badWords(text: string, avoided = AVOIDED): string[] {
  return text.split('\n').flatMap((line) =>
    avoided.flatMap(([pattern, better]) => {
      const found = pattern.exec(line)
      return found === null ? [] : [`'${found[0]}' (better: ${better}) in: ${line.trim()}`]
    }),
  )
}

/** A document without its blocks of code. */
function prose(markdown: string): string {
  return markdown.replace(/^```.*?^```$/gms, '').replace(/`[^`\n]*`/g, '')
}

function sourcesIn(folder: string): string[] {
  return readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
}

/** Literals that are sentences or parts of some. */
function sentences(source: string): string {
  return stringLiterals(source)
    .filter((text) => text.trim().includes(' '))
    .join('\n')
}

const documents = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'bugs/README.md',
  ...['docs', 'src'].flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`),
  ),
]

describe('documents', () => {
  it.each(documents)('%s has no words to avoid', (path) => {
    expect(badWords(prose(read(path)))).toEqual([])
  })

  it('the README has at most 150 lines', () => {
    expect(read('README.md').split('\n').length).toBeLessThanOrEqual(151)
  })

  it('the descriptions of the schema have no words to avoid', () => {
    const descriptions = [...read('schema/report-v1.json').matchAll(/"description": "(.*?)"/g)]
    expect(descriptions.length).toBeGreaterThan(30)
    expect(badWords(descriptions.map(([, text]) => text).join('\n'))).toEqual([])
  })

  it('the first comments of the examples have no words to avoid', () => {
    const headers = sourcesIn('examples').map((path) => /^(\/\/.*\n)*/.exec(read(path))?.[0] ?? '')
    expect(badWords(headers.join('\n'))).toEqual([])
  })
})

describe('texts in the source', () => {
  it.each(['check', 'cli', 'user', 'run', 'linux'])('src/%s has no words to avoid', (folder) => {
    const bad = sourcesIn(`src/${folder}`).flatMap((path) =>
      badWords(sentences(read(path))).map((text) => `${path}: ${text}`),
    )
    expect(bad).toEqual([])
  })

  it('findings call data stale and not old', () => {
    expect(sourcesIn('src/check').flatMap((path) => badWords(sentences(read(path)), OLD))).toEqual(
      [],
    )
  })
})

describe('stringLiterals', () => {
  it('finds texts in quotes and templates, and none in comments', () => {
    const source = [
      "const one = 'it is here' // 'not this'",
      '/* "nor this" */ const two = `a $' + '{flag ? "nested text" : `deep $' + '{x}`} end`',
      'const three = "with \\" an escape"',
    ].join('\n')
    expect(stringLiterals(source)).toEqual([
      'it is here',
      'nested text',
      'deep …',
      'a … end',
      'with \\" an escape',
    ])
  })
})

it('a text with a word to avoid is found with the better one', () => {
  expect(badWords('The checker told it.\nAll is well.')).toEqual([
    "'told' (better: report, print, notify) in: The checker told it.",
  ])
})

/** The lines of a source's comments, without code in them. */
function comments(source: string): string {
  return source
    .split('\n')
    .filter((line) => /^\s*(\*|\/\*\*|\/\/)/.test(line))
    .join('\n')
    .replace(/`[^`\n]*`/g, '')
}

describe('comments', () => {
  it.each([...sourcesIn('src'), ...sourcesIn('test')])('of %s have no words to avoid', (path) => {
    expect(badWords(comments(read(path)))).toEqual([])
  })
})
