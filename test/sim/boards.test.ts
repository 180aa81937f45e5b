import * as sim from 'dmabuf/sim'
import { boards } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'

describe('the ready boards', () => {
  it.each([...boards])('%s is exported by its name in camel case', (name, board) => {
    const exported = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
    expect(Object.entries(sim)).toContainEqual([exported, board])
  })
})
