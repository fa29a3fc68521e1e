// Asks a model that `nescio export` wrote about pictures, in Node with the package onnxruntime-node.
//   node onnx_runtime.mjs MODEL_OOD.onnx PICTURES.f32 HEIGHT WIDTH     float32 [N, 3, HEIGHT, WIDTH], as the network reads them
import fs from 'node:fs';
import ort from 'onnxruntime-node';

const [model, file, height, width] = process.argv.slice(2);
const bytes = fs.readFileSync(file);
const pixels = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
const n = pixels.length / (3 * height * width);

const session = await ort.InferenceSession.create(model, { logSeverityLevel: 3 });
// Another threshold: { ..., ood_threshold: new ort.Tensor('float32', [-7.5], [1]) }
const said = await session.run(
  { [session.inputNames[0]]: new ort.Tensor('float32', pixels, [n, 3, Number(height), Number(width)]) },
  ['ood_score', 'is_ood', 'ood_p_value'],
);
for (let i = 0; i < n; ++i) {
  console.log(said.ood_score.data[i], said.is_ood.data[i] ? 'unknown' : 'known', said.ood_p_value.data[i]);
}
