"""The chapter on generative models, a module per section, in the text's order.

    cae     自编码器              wgan    Wasserstein GAN
    vae     变分自编码器          began   BEGAN
    gan     生成对抗网络          cgan    条件 GAN
    dcgan   深度卷积 GAN          tips    训练 GAN 的技巧

`uses` has what the text says one can do with such models, `figures` the text's lost figures, and
`evaluation` how good the models are.
"""
