"""The network of SAM 2 and EdgeTAM that looks at a frame in the light of what is remembered.

Three things are said otherwise than in the library, with the same result. Rotary position encoding turns pairs of
neighbouring channels; here the rows of the projections are put into another order, so that the pairs lie half the
channels apart: dot products stay the same. Weights of attention sum to one, so values are projected after their mean is
taken, and not before: memory has a quarter of the channels. And all objects look at the same frame: what the first
layer makes of the frame itself is computed once.
"""

import torch
import torch.nn.functional as F


def halves(projection: torch.nn.Linear) -> torch.nn.Linear:
    """A projection whose outputs 0, 2, 4, … come first, and then 1, 3, 5, …"""
    order = torch.cat([torch.arange(start, projection.out_features, 2) for start in (0, 1)])
    result = torch.nn.Linear(projection.in_features, projection.out_features)
    result.weight.data = projection.weight.data[order].clone()
    result.bias.data = projection.bias.data[order].clone()
    return result


@torch.no_grad()
def chained(first: torch.nn.Linear, second: torch.nn.Linear) -> torch.nn.Linear:
    """One projection that does what two do one after the other."""
    result = torch.nn.Linear(first.in_features, second.out_features)
    weight = second.weight.double()
    result.weight.data = (weight @ first.weight.double()).float()
    result.bias.data = (weight @ first.bias.double() + second.bias.double()).float()
    return result


class Rotation(torch.nn.Module):
    """Turns each pair of channels by an angle of its place."""

    def __init__(self, rotary: torch.nn.Module, places: torch.Tensor):
        super().__init__()
        cosine, sine = rotary(torch.zeros(1), places)
        # The library repeats each angle for both channels of a pair.
        self.register_buffer("cosine", cosine.reshape(-1, cosine.shape[-1])[:, 0::2].contiguous().float())
        self.register_buffer("sine", sine.reshape(-1, sine.shape[-1])[:, 0::2].contiguous().float())

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        first, second = vectors.chunk(2, -1)
        return torch.cat(
            [first * self.cosine - second * self.sine, second * self.cosine + first * self.sine], -1)


class Attention(torch.nn.Module):
    """Attention with one head."""

    def __init__(self, attention: torch.nn.Module):
        super().__init__()
        self.query, self.key = halves(attention.q_proj), halves(attention.k_proj)
        self.output = chained(attention.v_proj, attention.o_proj)

    def forward(self, queries, keys, values):
        heads = (tensor.unsqueeze(1) for tensor in (queries, keys, values))
        return self.output(F.scaled_dot_product_attention(*heads).squeeze(1))


class AttentionLayer(torch.nn.Module):
    """One layer: the frame looks at itself, then at the memory."""

    def __init__(self, layer: torch.nn.Module):
        super().__init__()
        self.norms = torch.nn.ModuleList([layer.layer_norm1, layer.layer_norm2, layer.layer_norm3])
        self.itself, self.memory = Attention(layer.self_attn), Attention(layer.cross_attn_image)
        self.feed_forward = layer.mlp if hasattr(layer, "mlp") else torch.nn.Sequential(
            layer.linear1, layer.activation, layer.linear2)


class AttendMemory(torch.nn.Module):
    """feat [1, C, g, g] (feat_top), mem [B, M, L, c], mem_t [B, M] (6 for a frame with a prompt, else how many frames
    ago less one), ptr [B, P, C], ptr_dt [B, P] (frames since) -> feat_cond [B, C, g, g]."""

    OUTPUTS = ("feat_cond",)

    def __init__(self, model: torch.nn.Module):
        super().__init__()
        attention = model.memory_attention
        self.channels, self.memory_channels = model.hidden_dim, model.mem_dim
        self.grid = tuple(model.backbone_feature_sizes[-1])
        self.layers = torch.nn.ModuleList(AttentionLayer(layer) for layer in attention.layers)
        self.norm = attention.layer_norm
        self.is_summary = hasattr(model, "spatial_perceiver")
        self.rotation = Rotation(attention.rotary_emb, attention.position_ids)
        self.memory_rotation = self.rotation
        if self.is_summary:
            self.memory_rotation = Rotation(attention.rotary_emb, attention.position_ids_k)
        self._take_places(model)
        ages = model.memory_temporal_positional_encoding.data.reshape(-1, self.memory_channels).clone()
        self.register_buffer("ages", ages)
        self.pointer_ages = model.temporal_positional_encoding_projection_layer
        self.longest = float(model.config.max_object_pointers_in_encoder - 1)
        half = self.channels // 2
        steps = torch.arange(half, dtype=torch.float32)
        self.register_buffer("wavelengths", 10000 ** (2 * torch.div(steps, 2, rounding_mode="floor") / half))

    @torch.no_grad()
    def _take_places(self, model: torch.nn.Module) -> None:
        """Position encodings are constants of the network; they are read off an empty picture."""
        side, (rows, columns) = model.image_size, self.grid
        features = model.get_image_features(torch.zeros(1, 3, side, side), return_dict=True)
        self.register_buffer("places", features.fpn_position_encoding[-1].permute(1, 0, 2).contiguous() * 0.1)
        memory, places = model.memory_encoder(
            torch.zeros(1, self.channels, rows, columns), torch.zeros(1, 1, 16 * rows, 16 * columns))
        if self.is_summary:
            memory, places = model.spatial_perceiver(memory, places)
        else:
            places = places.flatten(2).permute(0, 2, 1)
        self.register_buffer("memory_places", places.reshape(1, 1, -1, self.memory_channels).contiguous())
        self.tokens = self.memory_places.shape[2]

    def rotated(self, keys: torch.Tensor, remembered: int) -> torch.Tensor:
        """Keys of frames turned by their places; those of pointers, and of EdgeTAM's global tokens, have none."""
        count, turned = keys.shape[0], self.memory_rotation.cosine.shape[0]
        frames = keys[:, :remembered].reshape(count, -1, self.tokens, self.channels)
        if turned < self.tokens:
            still = self.tokens - turned
            frames = torch.cat([frames[:, :, :still], self.memory_rotation(frames[:, :, still:])], 2)
        else:
            frames = self.memory_rotation(frames)
        return torch.cat([frames.reshape(count, -1, self.channels), keys[:, remembered:]], 1)

    def forward(self, feat, mem, mem_t, ptr, ptr_dt):
        count, width = mem.shape[0], self.memory_channels
        parts = self.channels // width
        phases = ptr_dt.unsqueeze(-1) / self.longest / self.wavelengths
        pointer_places = self.pointer_ages(torch.cat([phases.sin(), phases.cos()], -1))
        pointer_places = pointer_places.unsqueeze(2).expand(-1, -1, parts, -1).reshape(count, -1, width)
        frame_places = (self.memory_places + self.ages[mem_t].unsqueeze(2)).reshape(count, -1, width)
        values = torch.cat([mem.reshape(count, -1, width), ptr.reshape(count, -1, width)], 1)
        keys = values + torch.cat([frame_places, pointer_places], 1)
        remembered = mem.shape[1] * self.tokens
        seen = feat.flatten(2).transpose(1, 2) + self.places
        for layer in self.layers:
            normal = layer.norms[0](seen)
            queries, own = self.rotation(layer.itself.query(normal)), self.rotation(layer.itself.key(normal))
            seen = (seen + layer.itself(queries, own, normal)).expand(count, -1, -1)
            queries = self.rotation(layer.memory.query(layer.norms[1](seen)))
            seen = seen + layer.memory(queries, self.rotated(layer.memory.key(keys), remembered), values)
            seen = seen + layer.feed_forward(layer.norms[2](seen))
        return self.norm(seen).transpose(1, 2).reshape(-1, self.channels, *self.grid)
