/**
 * Four-character codes by the names that the kernel's headers give them: include/uapi/drm/drm_fourcc.h
 * without DRM_FORMAT_, and below them formats that only include/uapi/linux/videodev2.h has.
 */
export const pixelFormats = {
  /** One plane of 8-bit red or grey. */
  R8: 'R8  ',
  /** 16 bits: 5 red, 6 green, 5 blue. */
  RGB565: 'RG16',
  /** Bytes blue, green, red. */
  RGB888: 'RG24',
  /** Bytes red, green, blue. */
  BGR888: 'BG24',
  /** Bytes blue, green, red, unused: the format that every display takes. V4L2_PIX_FMT_XBGR32. */
  XRGB8888: 'XR24',
  /** Bytes red, green, blue, unused. */
  XBGR8888: 'XB24',
  /** Bytes unused, blue, green, red. */
  RGBX8888: 'RX24',
  /** Bytes unused, red, green, blue. */
  BGRX8888: 'BX24',
  /** Bytes blue, green, red, alpha. */
  ARGB8888: 'AR24',
  /** Bytes red, green, blue, alpha. */
  ABGR8888: 'AB24',
  /** Bytes alpha, blue, green, red. */
  RGBA8888: 'RA24',
  /** Bytes alpha, red, green, blue. */
  BGRA8888: 'BA24',
  /** 10 bits a channel, blue lowest. */
  XRGB2101010: 'XR30',
  /** 10 bits a channel, red lowest. */
  XBGR2101010: 'XB30',
  /** As XRGB2101010, with 2 bits of alpha. */
  ARGB2101010: 'AR30',
  /** As XBGR2101010, with 2 bits of alpha. */
  ABGR2101010: 'AB30',
  /** Packed 4:2:2, bytes Y, Cb, Y, Cr: most USB cameras. */
  YUYV: 'YUYV',
  /** Packed 4:2:2, bytes Y, Cr, Y, Cb. */
  YVYU: 'YVYU',
  /** Packed 4:2:2, bytes Cb, Y, Cr, Y. */
  UYVY: 'UYVY',
  /** Packed 4:2:2, bytes Cr, Y, Cb, Y. */
  VYUY: 'VYUY',
  /** 4:2:0, a plane of Y and one of Cb and Cr in turn: most SoC cameras and codecs. */
  NV12: 'NV12',
  /** As NV12, Cr first. */
  NV21: 'NV21',
  /** 4:2:2, a plane of Y and one of Cb and Cr in turn. */
  NV16: 'NV16',
  /** As NV16, Cr first. */
  NV61: 'NV61',
  /** 4:4:4, a plane of Y and one of Cb and Cr in turn. */
  NV24: 'NV24',
  /** As NV24, Cr first. */
  NV42: 'NV42',
  /** As NV12, with 10 bits in the upper part of 16. */
  P010: 'P010',
  /** 4:2:0, planes Y, Cb, Cr; I420. */
  YUV420: 'YU12',
  /** 4:2:0, planes Y, Cr, Cb. */
  YVU420: 'YV12',
  /** 4:2:2, planes Y, Cb, Cr. */
  YUV422: 'YU16',
  /** 4:4:4, planes Y, Cb, Cr. */
  YUV444: 'YU24',

  /** V4L2: 8-bit grey. */
  GREY: 'GREY',
  /** V4L2: a JPEG picture a frame. */
  MJPEG: 'MJPG',
  /** V4L2: JFIF JPEG. */
  JPEG: 'JPEG',
  /** V4L2: H.264 with start codes. */
  H264: 'H264',
  /** V4L2: HEVC. */
  HEVC: 'HEVC',
  /** V4L2: 8-bit Bayer, BGBG and GRGR lines. */
  SBGGR8: 'BA81',
  /** V4L2: 8-bit Bayer, GBGB and RGRG lines. */
  SGBRG8: 'GBRG',
  /** V4L2: 8-bit Bayer, GRGR and BGBG lines. */
  SGRBG8: 'GRBG',
  /** V4L2: 8-bit Bayer, RGRG and GBGB lines. */
  SRGGB8: 'RGGB',
} as const

/** A pixel format by its four-character code, such as `XR24`; others than the known ones are allowed. */
export type PixelFormat = (typeof pixelFormats)[keyof typeof pixelFormats] | (string & {})
