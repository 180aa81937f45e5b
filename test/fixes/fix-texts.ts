/** Every fix that a finding can print, read from the checker's source. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAst } from 'vitest/node'

const folder = join(import.meta.dirname, '../../src/check')

/** The properties that hold one. */
const FIXES: ReadonlySet<string> = new Set(['fix', 'driverFix'])

/** A fix in the source: the pieces around the filled-in parts. One piece if there are none. */
export type FixText = readonly string[]

interface Node {
  readonly type: string
  readonly [key: string]: unknown
}

/** Constants and functions of all modules by name; those of the module at hand come first. */
type Names = ReadonlyMap<string, Node>

/** The values of all properties `fix` and `driverFix`, and their parts. */
export function fixTexts(): FixText[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const modules = files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => parseAst(readFileSync(join(folder, file), 'utf8'), { lang: 'ts' }) as never)
    .map((program: Node) => ({ program, own: declared(program) }))
  const all = new Map(modules.flatMap(({ own }) => [...own]))
  const found = modules.flatMap(({ program, own }) => {
    const names = new Map([...all, ...own])
    return fixesIn(program).flatMap((value) => textsOf(value, names))
  })
  const sentences = found.filter((text) => text.some((piece) => piece.includes(' ')))
  return [...new Map(sentences.map((text) => [text.join('\0'), text])).values()]
}

function declared(program: Node): Map<string, Node> {
  const names = new Map<string, Node>()
  for (const node of nodesIn(program)) {
    const name = (node.id as Node | undefined | null)?.name as string | undefined
    if (name === undefined) continue
    if (node.type === 'FunctionDeclaration') names.set(name, node)
    // Constants in functions are of no use elsewhere, but for the text that they may hold.
    else if (node.type === 'VariableDeclarator' && isNode(node.init)) names.set(name, node.init)
  }
  return names
}

function fixesIn(program: Node): Node[] {
  return nodesIn(program)
    .filter(({ type, key }) => type === 'Property' && FIXES.has((key as Node).name as string))
    .map(({ value }) => value as Node)
}

function textsOf(node: Node, names: Names): FixText[] {
  switch (node.type) {
    case 'Literal':
      return typeof node.value === 'string' ? [[node.value]] : []
    case 'TemplateLiteral':
      return [piecesOf(node, names)]
    case 'ConditionalExpression':
      return [node.consequent, node.alternate].flatMap((each) => textsOf(each as Node, names))
    case 'LogicalExpression':
      return [node.left, node.right].flatMap((each) => textsOf(each as Node, names))
    case 'CallExpression':
      return textsOfCall(node, names)
    case 'Identifier':
      return textsOfName(node, names)
    case 'MemberExpression':
      return textsOfTable(node.object as Node, names)
    default:
      return []
  }
}

/** The function's arguments, and its results. */
function textsOfCall(node: Node, names: Names): FixText[] {
  const given = (node.arguments as Node[]).flatMap((each) => textsOf(each, names))
  const called = names.get((node.callee as Node).name as string)
  const returned = called === undefined ? [] : nodesIn(called)
  const made = returned
    .filter(({ type, argument }) => type === 'ReturnStatement' && isNode(argument))
    .flatMap(({ argument }) => textsOf(argument as Node, names))
  return [...given, ...made]
}

function textsOfName({ name }: Node, names: Names): FixText[] {
  const value = names.get(name as string)
  return value?.type === 'Literal' || value?.type === 'TemplateLiteral' ? textsOf(value, names) : []
}

/** An object of texts of which one is taken. */
function textsOfTable({ name }: Node, names: Names): FixText[] {
  const table = names.get(name as string)
  if (table?.type !== 'ObjectExpression') return []
  return (table.properties as Node[]).flatMap(({ value }) =>
    isNode(value) ? textsOf(value, names) : [],
  )
}

/** A constant is part of the text; the rest is filled in. */
function piecesOf(node: Node, names: Names): FixText {
  const pieces: string[] = []
  const quasis = node.quasis as { readonly value: { readonly cooked: string } }[]
  let piece = ''
  quasis.forEach(({ value }, i) => {
    piece += value.cooked
    const filled = (node.expressions as Node[])[i]
    if (filled === undefined) return
    const [known = ['', '']] = textsOf(filled, names)
    const [first = '', ...rest] = known
    pieces.push(piece + first, ...rest)
    piece = pieces.pop() ?? ''
  })
  return [...pieces, piece].filter((each) => each !== '')
}

function nodesIn(node: Node): Node[] {
  const children = Object.values(node).flat().filter(isNode)
  return [node, ...children.flatMap(nodesIn)]
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value
}
