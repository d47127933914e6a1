/** The names of formats as their makers write them, for people. */
const formatNames: Readonly<Record<string, string>> = {
  'akoya-qptiff': 'Akoya QPTIFF',
  'aperio-svs': 'Aperio SVS',
  'hamamatsu-ndpi': 'Hamamatsu NDPI',
  'hamamatsu-ndpis': 'Hamamatsu NDPIS',
  'hamamatsu-vms': 'Hamamatsu VMS',
  mrxs: '3DHISTECH MRXS',
  'leica-scn': 'Leica SCN',
  'olympus-vsi': 'Olympus VSI',
  'philips-tiff': 'Philips TIFF',
  trestle: 'Trestle',
  'ventana-bif': 'Ventana BIF',
  'ome-tiff': 'OME-TIFF',
  'dicom-wsi': 'DICOM whole-slide image',
  'zeiss-czi': 'Zeiss CZI',
  tiff: 'TIFF',
  'deep-zoom': 'Deep Zoom',
  zoomify: 'Zoomify',
  'ome-zarr': 'OME-Zarr',
  'iiif-2': 'IIIF Image API 2',
  'iiif-3': 'IIIF Image API 3',
  jpeg: 'JPEG image',
  png: 'PNG image',
  webp: 'WebP image',
};

/** Display name of `SlideMetadata.format`. */
export function formatName(format: string): string {
  return formatNames[format] ?? format;
}
