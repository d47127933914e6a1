import sharp from 'sharp';
import type { JpegEncoder } from './tiff-writer.ts';

/** JPEG tiles by sharp (libjpeg): quality 1 to 100, chroma 4:2:0, as the writer's tags declare. */
export function sharpJpeg(quality: number): JpegEncoder {
  return {
    async encode(pixels, width, height, samples) {
      return sharp(pixels, { raw: { width, height, channels: samples } })
        .jpeg({ quality, chromaSubsampling: '4:2:0' })
        .toBuffer();
    },
  };
}
