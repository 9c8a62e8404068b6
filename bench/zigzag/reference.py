"""Records what zigzag-dse 3.9.1 finds for two networks on accelerators that it ships.

    python bench/zigzag/reference.py --out FOLDER [--accelerators tpu_like,...] [--layers N] [--limit 6]

Needs `pip install zigzag-dse==3.9.1`. Writes one JSON file for each accelerator, layer by layer, so that a run can be
stopped and taken up again; `node bench/zigzag/record.mjs` makes the tests' fixture of them. Identical layers run once.
One search answers for all three objectives: zigzag's own stages generate and evaluate the mappings; only the choice of
the best is made here, by the same comparisons as its reduce stages make.
"""

import argparse
import json
import logging
import time
from importlib.resources import files
from pathlib import Path

from zigzag.mapping.temporal_mapping import TemporalMappingType
from zigzag.parser.onnx.onnx_model_parser import ONNXModelParser
from zigzag.stages.evaluation.cost_model_evaluation import CostModelStage
from zigzag.stages.mapping.spatial_mapping_generation import SpatialMappingGeneratorStage
from zigzag.stages.mapping.temporal_mapping_generator_stage import TemporalMappingGeneratorStage
from zigzag.stages.parser.accelerator_parser import AcceleratorParserStage
from zigzag.stages.parser.workload_parser import WorkloadParserStage
from zigzag.stages.stage import Stage
from zigzag.workload.layer_node import LayerNode

INPUTS = files("zigzag") / "inputs"
NETWORKS = ["resnet18", "mobilenetv2"]
# Accelerator and mapping file; the mixed ones unroll two loops over one dimension of the array.
CASES = {
    "ascend_like": ("ascend_like", "ascend_like"),
    "edge_tpu_like": ("edge_tpu_like", "edge_tpu_like"),
    "eyeriss_like": ("eyeriss_like", "default"),
    "meta_prototype": ("meta_prototype", "meta_prototype_like"),
    "tesla_npu_like": ("tesla_npu_like", "tesla_npu_like"),
    "tpu_like": ("tpu_like", "tpu_like"),
    "ascend_like_mixed": ("ascend_like", "ascend_like_mixed"),
    "meta_prototype_mixed": ("meta_prototype", "meta_prototype_like_mixed"),
}
OBJECTIVES = {
    "latency": lambda cme: (cme.latency_total2, cme.energy_total),
    "energy": lambda cme: (cme.energy_total, cme.latency_total2),
    "edp": lambda cme: (cme.latency_total2 * cme.energy_total,),
}


class BestOfEach(Stage):
    """Reduces the mappings of one spatial mapping to the best for each objective."""

    def run(self):
        substage = self.list_of_callables[0](self.list_of_callables[1:], **self.kwargs)
        best, count, start = {}, 0, time.perf_counter()
        for cme, _ in substage.run():
            count += 1
            for name, key in OBJECTIVES.items():
                if name not in best or key(cme) < key(best[name]):
                    best[name] = cme
        seconds = time.perf_counter() - start
        yield next(iter(best.values())), (best, count, seconds)


def describe_layer(layer: LayerNode):
    """A layer in the terms of src/mapping/workload/layer.ts."""
    relations = [
        {
            "dim": str(relation.dim_1),
            "dims": [str(relation.dim_2), str(relation.dim_3)],
            "coefficients": [relation.coef_2, relation.coef_3],
            "padding": list(layer.padding[relation.dim_1]),
            "size": int(layer.pr_layer_dim_sizes[relation.dim_1]),
        }
        for relation in layer.dimension_relations
    ]
    operand = lambda op: {"name": str(op), "dims": [str(dim) for dim in layer.equation.get_r_layer_dims(op)]}
    precision = {str(op): bits for op, bits in layer.operand_precision.data.items()}
    return {
        "type": layer.type,
        "loops": [{"dim": str(dim), "size": size} for dim, size in layer.layer_dim_sizes.items()],
        "relations": relations,
        "output": operand(layer.output_operand)
        | {"precision": precision["O"], "finalPrecision": precision["O_final"]},
        "inputs": [
            operand(op) | {"precision": precision[str(op)], "sources": [], "constant": op in layer.constant_operands}
            for op in layer.input_operands
        ],
    }


def describe_best(cme):
    levels = cme.temporal_mapping.mapping_dic_origin
    return {
        "energy": cme.energy_total,
        "latency": cme.latency_total2,
        "computation": cme.latency_total0,
        "onloading": cme.data_onloading_cycle,
        "offloading": cme.data_offloading_cycle,
        "memoryEnergy": {str(op): energies for op, energies in cme.mem_energy_breakdown.items()},
        "temporalMapping": {
            str(op): [[[str(dim), int(size)] for dim, size in level] for level in levels[op]] for op in levels
        },
    }


def describe_spatial(mapping):
    return {str(oa): {str(dim): int(factor) for dim, factor in single.items()} for oa, single in mapping.items()}


def describe_accelerator(accelerator):
    """An accelerator in the terms of src/mapping/hardware/accelerator.ts."""
    array = accelerator.operational_array
    short = {"rd_out_to_low": "tl", "wr_in_by_low": "fl", "rd_out_to_high": "th", "wr_in_by_high": "fh"}
    dimensions = [{"name": str(dim), "size": size} for dim, size in array.dimension_sizes.items()]
    return {
        "name": accelerator.name,
        "array": {
            "dimensions": dimensions,
            "unitEnergy": array.unit.energy_cost,
            "unitArea": array.unit.area,
            "systolicDimensions": sorted(str(dim) for dim in array.systolic_dimensions),
        },
        "memories": [
            {
                "name": level.name,
                "size": level.memory_instance.size,
                "readCost": level.read_energy,
                "writeCost": level.write_energy,
                "area": level.memory_instance.area,
                "latency": level.memory_instance.latency,
                "operands": [str(op) for op in level.operands],
                "ports": [
                    {
                        "name": port.name,
                        "type": str(port.type),
                        "bandwidthMin": port.bw_min,
                        "bandwidthMax": port.bw_max,
                        "allocation": [
                            {"operand": str(op), "direction": short[str(direction)]}
                            for op, _, direction in port.served_op_lv_dir
                        ],
                    }
                    for port in level.ports
                ],
                "servedDimensions": sorted(str(dim) for dim in level.served_dimensions),
                "forceDoubleBuffering": level.memory_instance.force_double_buffering,
            }
            for level in accelerator.memory_hierarchy.topological_sort()
        ],
    }


def search(layer: LayerNode, accelerator, limit: int):
    stages = [SpatialMappingGeneratorStage, BestOfEach, TemporalMappingGeneratorStage, CostModelStage]
    stage = stages[0](
        stages[1:],
        accelerator=accelerator,
        layer=layer,
        loma_lpf_limit=limit,
        loma_show_progress_bar=False,
        nb_mappings_generated=3,
        enable_mix_spatial_mapping_generation=False,
        access_same_data_considered_as_no_access=True,
        temporal_mapping_type=TemporalMappingType.UNEVEN,
    )
    return [
        {
            "spatialMapping": describe_spatial(mapping),
            "mappings": count,
            "seconds": seconds,
            "best": {name: describe_best(cme) for name, cme in best.items()},
        }
        for _, (mapping, (best, count, seconds)) in stage.run()
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--accelerators", default=",".join(CASES))
    parser.add_argument("--layers", type=int, help="only the first of each network")
    parser.add_argument("--limit", type=int, default=6)
    args = parser.parse_args()
    logging.disable(logging.WARNING)
    args.out.mkdir(parents=True, exist_ok=True)
    for case in args.accelerators.split(","):
        hardware, mapping = CASES[case]
        accelerator = AcceleratorParserStage.parse_accelerator(str(INPUTS / "hardware" / f"{hardware}.yaml"))
        file = args.out / f"{case}.json"
        record = json.loads(file.read_text()) if file.exists() else {"layers": {}, "networks": {}}
        record["accelerator"] = describe_accelerator(accelerator)
        mapping_file = str(INPUTS / "mapping" / f"{mapping}.yaml")
        record["mapping"] = WorkloadParserStage.parse_mapping_data(mapping_file)
        for network in NETWORKS:
            parsed = ONNXModelParser(str(INPUTS / "workload" / f"{network}.onnx"), mapping_file).run()
            layers = [node for node in parsed.topological_sort() if isinstance(node, LayerNode)][: args.layers]
            keys = [json.dumps(describe_layer(layer)) for layer in layers]
            record["networks"][network] = [
                {"name": layer.name, "key": key} for layer, key in zip(layers, keys, strict=True)
            ]
            for layer, key in zip(layers, keys, strict=True):
                if key in record["layers"]:
                    continue
                start = time.perf_counter()
                try:
                    found = search(layer, accelerator, args.limit)
                except Exception as error:  # recorded, not hidden: the layer has no mapping there
                    found = str(error)
                record["layers"][key] = found
                file.write_text(json.dumps(record))
                print(case, network, layer.name, f"{time.perf_counter() - start:.1f} s", flush=True)
        file.write_text(json.dumps(record))


if __name__ == "__main__":
    main()
