export const importMappings = ['kept', 'per-use'] as const

/**
 * When an importer maps a dma-buf. `kept`: once, until the import ends, as videobuf2 and DRM do. `per-use`:
 * before each use by the device, and no longer, as the DMA API and the first documentation of dma-buf ask.
 */
export type ImportMapping = (typeof importMappings)[number]
