# An image with the command `graphmode` (graphmode/command.py). .ci/docker builds and tries it.
#
#   docker build -t graphmode-gans .
#   docker run --rm -v "$PWD:/work" graphmode-gans gan_book.vae --max_steps 100
FROM python:3.12-slim
COPY setup.py README.md LICENSE /project/
COPY graphmode /project/graphmode
COPY data /project/data
COPY gan_book /project/gan_book
COPY glcic /project/glcic
COPY pix2pix /project/pix2pix
COPY examples /project/examples
RUN pip install --no-cache-dir "/project[opencv,serve,programs]" && rm -r /project
# What a program writes (runs/) is in the folder that is mounted here.
WORKDIR /work
ENTRYPOINT ["graphmode"]
CMD ["help"]
