// What static/js uses of ProseMirror; scripts/frontend bundles exactly this into build/, as window.ProseMirror.
export { baseKeymap } from "prosemirror-commands";
export { history, redo, undo } from "prosemirror-history";
export { keymap } from "prosemirror-keymap";
export { Fragment, Schema, Slice } from "prosemirror-model";
export { EditorState, NodeSelection, Plugin, TextSelection } from "prosemirror-state";
export { EditorView } from "prosemirror-view";
