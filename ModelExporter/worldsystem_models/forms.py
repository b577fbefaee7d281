"""Networks as files: OpenVINO's intermediate representation, and ONNX."""

import warnings
from pathlib import Path

import numpy as np
import openvino
import torch
from openvino import opset13 as operations

from .graphs import Graph

OPSET = 20
# Weights of this many numbers and more are stored shorter; the others weigh nothing.
SMALLEST = 1024
# Networks that choose one of several masks: rounded weights may choose another. They are small, and stay as they are.
CHOOSING = {"decode_mask", "prompt_mask"}
# How far an output may be off with short weights: root mean square, as a share of the reference's.
PRECISION_LIMITS = {"bf16": 0.03, "int8": 0.1}
# Operations whose second input, or first for the last, are weights, with the axis of their output channels.
WEIGHTED = {"MatMul": 1, "Convolution": 1, "GroupConvolution": 1, "ConvolutionBackpropData": 1, "Gather": 0}


def write_openvino(graph: Graph, target: Path, precision: str) -> None:
    """Writes target.xml and target.bin."""
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = openvino.convert_model(graph.module, example_input=dict(graph.inputs), verbose=False)
    shapes = {}
    for index, port in enumerate(model.inputs):
        known = [name for name in port.get_names() if name in graph.inputs]
        name = known[0] if known else list(graph.inputs)[index]
        port.get_tensor().set_names({name})
        port.get_node().set_friendly_name(name)
        shapes[port] = openvino.PartialShape([-1 if size is None else size for size in graph.shape(name)])
    for port, name in zip(model.outputs, graph.outputs):
        port.get_tensor().set_names({name})
    model.reshape(shapes)
    if precision != "f32":
        shorten(model, precision)
    openvino.save_model(model, target, compress_to_fp16=False)


def shorten(model: openvino.Model, precision: str) -> None:
    """Stores large weights as 16-bit floats with the range of 32-bit ones, or as 8-bit integers with a scale for each
    output channel; the network computes with 32-bit floats as before."""
    done, varying = set(), set()
    for operation in model.get_ordered_ops():
        sources = (operation.input_value(index).get_node() for index in range(operation.get_input_size()))
        kind = operation.get_type_name()
        varies = kind == "Parameter" or any(one.get_friendly_name() in varying for one in sources)
        varies = varies and kind != "ShapeOf"
        if varies:
            varying.add(operation.get_friendly_name())
        place = WEIGHTED.get(kind)
        # What is made of constants and sizes alone is made once; OpenVINO fails to, when their weights are short.
        if place is None or not varies:
            continue
        source = operation.input_value(place)
        node = source.get_node()
        if node.get_type_name() != "Constant" or source.get_element_type() != openvino.Type.f32:
            continue
        numbers = node.data
        if numbers.size < SMALLEST or numbers.ndim < 2 or node.get_friendly_name() in done:
            continue
        done.add(node.get_friendly_name())
        short = bfloat16(numbers) if precision == "bf16" else int8(numbers, channel_axis(operation, numbers))
        for target in source.get_target_inputs():
            target.replace_source_output(short.output(0))


def channel_axis(operation: openvino.Node, numbers: np.ndarray) -> int:
    kind = operation.get_type_name()
    if kind == "MatMul":
        return numbers.ndim - (2 if operation.get_attributes()["transpose_b"] else 1)
    return 1 if kind == "ConvolutionBackpropData" else 0


def bfloat16(numbers: np.ndarray) -> openvino.Node:
    # The upper half of each number, rounded to nearest, ties to even.
    bits = np.ascontiguousarray(numbers).view(np.uint32)
    upper = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    # NumPy has no such numbers, and OpenVINO does not keep an array alive that it is given as them.
    tensor = openvino.Tensor(openvino.Type.bf16, openvino.Shape(upper.shape))
    tensor.data.view(np.uint16)[:] = upper
    return decompressed(operations.constant(tensor))


def int8(numbers: np.ndarray, axis: int) -> openvino.Node:
    others = tuple(index for index in range(numbers.ndim) if index != axis)
    scale = np.maximum(np.abs(numbers).max(axis=others, keepdims=True), 1e-12).astype(np.float32) / 127
    whole = np.clip(np.rint(numbers / scale), -127, 127).astype(np.int8)
    return operations.multiply(decompressed(operations.constant(whole)), operations.constant(scale))


def decompressed(constant: openvino.Node) -> openvino.Node:
    converted = operations.convert(constant, "f32")
    # So that the weights stay short in memory too, where the processor can compute with them.
    converted.get_rt_info()["decompression_0"] = ""
    return converted


def write_onnx(graph: Graph, target: Path) -> None:
    axes = {name: dict(open_axes) for name, open_axes in graph.open_axes.items()}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph.module, tuple(tensor.clone() for tensor in graph.inputs.values()), target, dynamo=False,
            input_names=list(graph.inputs), output_names=list(graph.outputs), opset_version=OPSET,
            dynamic_axes=axes or None)
