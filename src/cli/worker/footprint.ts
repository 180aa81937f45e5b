/**
 * Traces of a program in its thread beside its own modules, which are loaded again for each run:
 * changed globals, listeners, timers and other handles that keep a thread alive.
 */
import fs from 'node:fs'
import * as check from '../../check/index.ts'
import * as library from '../../index.ts'
import * as sim from '../../run/index.ts'

type Shape = ReadonlyMap<PropertyKey, PropertyDescriptor>

/** Of objects of Node's that change by themselves. */
const VOLATILE: ReadonlySet<PropertyKey> = new Set([
  '_events',
  '_eventsCount',
  '_exiting',
  'domain',
])
/** A port belongs to the command; the other handles were left by the program. */
const OWN_RESOURCE = 'MessagePort'

export class Footprint {
  readonly #shapes: ReadonlyMap<object, Shape>
  readonly #environment = environment()
  readonly #listeners = new Set(listeners())

  /** Remembers the thread as it is. */
  constructor() {
    this.#shapes = new Map(sharedObjects().map((object) => [object, shapeOf(object)]))
  }

  /** Whether the next run would find another thread than the first one did. */
  isChanged(): boolean {
    return (
      process.getActiveResourcesInfo().some((kind) => kind !== OWN_RESOURCE) ||
      environment() !== this.#environment ||
      listeners().some((listener) => !this.#listeners.has(listener)) ||
      [...this.#shapes].some(([object, shape]) => !isSame(object, shape))
    )
  }
}

/** Everything that two programs share: the globals, this package's exports, and their prototypes. */
function sharedObjects(): object[] {
  const roots: readonly object[] = [globalThis, process, fs]
  const exported = [library, sim, check].flatMap((module) => Object.values<unknown>(module))
  const all = new Set<object>(roots)
  for (const root of roots) for (const object of below(root)) add(all, object)
  for (const object of exported.filter(isObject)) add(all, object)
  // Prototypes that no global names, such as those of typed arrays, iterators and functions.
  for (const hidden of [[].values(), new Map().values(), (async () => {})(), Uint8Array, gen()]) {
    add(all, hidden)
  }
  // It grows whenever Node needs another of its modules.
  all.delete((process as { moduleLoadList?: object }).moduleLoadList ?? all)
  return [...all]
}

async function* gen(): AsyncGenerator<never> {}

function below(object: object): object[] {
  return [...shapeOf(object).values()].map(({ value }) => value).filter(isObject)
}

/** `object`, its prototypes, and those of its instances. */
function add(all: Set<object>, object: object): void {
  for (
    let one: unknown = object;
    isObject(one) && !all.has(one);
    one = Object.getPrototypeOf(one)
  ) {
    all.add(one)
    const prototype = Object.getOwnPropertyDescriptor(one, 'prototype')?.value
    if (isObject(prototype)) add(all, prototype)
  }
}

function shapeOf(object: object): Shape {
  const keys = Reflect.ownKeys(object).filter((key) => !VOLATILE.has(key))
  const shape = new Map<PropertyKey, PropertyDescriptor>()
  for (const key of keys) {
    const property = Object.getOwnPropertyDescriptor(object, key)
    if (property !== undefined) shape.set(key, property)
  }
  return shape
}

function isSame(object: object, before: Shape): boolean {
  const now = shapeOf(object)
  if (now.size !== before.size) return false
  return [...now].every(([key, property]) => {
    const old = before.get(key)
    return old !== undefined && isSameProperty(object, old, property)
  })
}

/** Globals such as `crypto` are getters until they are first read, and become plain values then. */
function isSameProperty(
  object: object,
  before: PropertyDescriptor,
  now: PropertyDescriptor,
): boolean {
  if (!('value' in now)) return now.get === before.get && now.set === before.set
  return Object.is(now.value, 'value' in before ? before.value : read(object, before))
}

function read(object: object, { get }: PropertyDescriptor): unknown {
  try {
    return get?.call(object)
  } catch {
    return undefined
  }
}

function environment(): string {
  return JSON.stringify(process.env)
}

/** Handlers of the process. Node removes some while it starts. */
function listeners(): unknown[] {
  return process.eventNames().flatMap((name) => process.rawListeners(name as 'exit'))
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
