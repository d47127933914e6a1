/** Commands that write files: results, annotations, report, session. */
import {
  FileChartColumn,
  FileCode,
  FileDown,
  FileSpreadsheet,
  FolderOpen,
  Image,
  Layers,
  Save,
  VectorSquare,
} from 'lucide-react';
import { isDicomSlide } from '../../annotation/dicom-modules.ts';
import { writeDicomAnn } from '../../annotation/write-dicom-ann.ts';
import { canHaveSegmentation } from '../../export/map-dicom-seg.ts';
import { annotatedSlide } from '../annotate/annotated-slide.ts';
import { toRegion } from '../annotate/annotation.ts';
import { labelClasses, labelModel } from '../annotate/label-colours.ts';
import { fileStem } from '../../base/file-name.ts';
import { download, annotationsGeoJson } from '../export/export-files.ts';
import { chosenFiles } from '../session/chosen-files.ts';
import { logEntry } from '../session/error-log.ts';
import { openFiles, pickFiles } from '../session/user-files.ts';
import { activePaneOf, annotateOf } from '../state/state.ts';
import type { AppState } from '../state/state.ts';
import type { Command } from './command.ts';

const isOpen = (state: AppState): boolean => state.slide !== null;
const hasLayer = (state: AppState): boolean => isOpen(state) && activePaneOf(state).layer.kind !== 'none';

export const exportCommands: readonly Command[] = [
  {
    id: 'export.polygons',
    title: 'Export classes as polygons (GeoJSON)',
    group: 'Export',
    icon: VectorSquare,
    shortcuts: ['Ctrl+E'],
    when: hasLayer,
    perform: ({ exports }) => void exports.polygons(),
  },
  {
    id: 'export.class-map',
    title: 'Export class map (pyramidal TIFF)',
    group: 'Export',
    icon: Layers,
    when: hasLayer,
    perform: ({ exports }) => void exports.classMap(),
  },
  {
    id: 'export.segmentation',
    title: 'Export classes as DICOM segmentation (SEG)',
    group: 'Export',
    icon: Layers,
    when: (state) =>
      hasLayer(state) && state.slide !== null && canHaveSegmentation(annotatedSlide(state.slide)),
    perform: ({ exports }) => void exports.segmentation(),
  },
  {
    id: 'export.picture',
    title: 'Export view with legend and scale bar (PNG)',
    group: 'Export',
    icon: Image,
    when: isOpen,
    perform: ({ exports }) => void exports.picture(),
  },
  {
    id: 'export.figures-csv',
    title: 'Export measurements (CSV)',
    group: 'Export',
    icon: FileSpreadsheet,
    when: hasLayer,
    perform: ({ exports }) => void exports.figuresCsv(),
  },
  {
    id: 'export.figures-json',
    title: 'Export measurements (JSON)',
    group: 'Export',
    icon: FileCode,
    when: hasLayer,
    perform: ({ exports }) => void exports.figuresJson(),
  },
  {
    id: 'export.annotations',
    title: 'Export annotations (GeoJSON)',
    group: 'Export',
    icon: FileDown,
    when: (state) => isOpen(state) && annotateOf(state).annotations.length > 0,
    perform: ({ store }) => {
      const state = store.getState();
      if (state.slide === null) return;
      const classes = labelClasses(labelModel(state), activePaneOf(state).overlay.palette);
      const text = annotationsGeoJson(annotateOf(state).annotations, classes);
      const name = `${fileStem(state.slide.metadata.name)}.annotations.geojson`;
      download(new Blob([text], { type: 'application/geo+json' }), name);
    },
  },
  {
    id: 'export.annotations-dicom',
    title: 'Export annotations (DICOM ANN)',
    group: 'Export',
    icon: FileDown,
    when: (state) =>
      state.slide !== null && isDicomSlide(state.slide.metadata) && annotateOf(state).annotations.length > 0,
    perform: ({ store }) => {
      const state = store.getState();
      if (state.slide === null) return;
      const { name } = state.slide.metadata;
      const regions = annotateOf(state).annotations.map(toRegion);
      const { file, filledHoles } = writeDicomAnn(regions, annotatedSlide(state.slide));
      const title = `${fileStem(name)}.ann.dcm`;
      download(file, title);
      if (filledHoles === 0) return;
      const problem = `${filledHoles} ${filledHoles === 1 ? 'hole was' : 'holes were'} filled: DICOM ANN has none.`;
      const report = { code: 'export', file: title, problem, remedy: 'Export as GeoJSON to keep them.' };
      store.dispatch({ type: 'log', entry: logEntry('warning', report, null) });
    },
  },
  {
    id: 'export.report',
    title: 'Print report…',
    group: 'Export',
    icon: FileChartColumn,
    shortcuts: ['Ctrl+P'],
    when: hasLayer,
    perform: ({ store }) => store.dispatch({ type: 'dialog', dialog: 'report' }),
  },
  {
    id: 'export.session',
    title: 'Save session',
    group: 'Export',
    icon: Save,
    shortcuts: ['Ctrl+S'],
    when: isOpen,
    perform: ({ sessions }) => sessions.save(),
  },
  {
    id: 'export.open-session',
    title: 'Open session…',
    group: 'Export',
    icon: FolderOpen,
    perform: (workbench) => pickFiles((files) => void openFiles(workbench, chosenFiles(files))),
  },
];
