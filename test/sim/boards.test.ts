import * as sim from 'dmabuf/sim'
import { boards, readyBoards } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'

describe('the ready boards', () => {
  it.each([...readyBoards])('%s is exported by its name in camel case', (name, board) => {
    const exported = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
    expect(Object.entries(sim)).toContainEqual([exported, board])
  })

  it('leaves boards that refuse the system heap out of `boards`, which `all` stands for', () => {
    expect([...boards.keys()]).toEqual(['pc', 'pc-bounce', 'arm-soc', 'arm-soc-iommu', 'rpi4'])
    expect([...readyBoards.keys()]).toContain('arm-soc-cma')
  })
})
